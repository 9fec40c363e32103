//! A packed stream as a plain one: gzip, zstd, or neither, by its first bytes, as clients of registries do it.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

const BUFFER: usize = 256 << 10;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: u32 = 0xfd2f_b528;
/// Frames that zstd passes over begin with this number, whatever its last four bits are.
const PASSED_OVER: u32 = 0x184d_2a50;

/// The plain bytes of a stream.
pub(super) fn unpack<'a>(mut packed: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut head = Vec::with_capacity(4);
    packed.by_ref().take(4).read_to_end(&mut head)?;
    let is_gzip = head.starts_with(&GZIP);
    let magic = head
        .first_chunk::<4>()
        .map(|bytes| u32::from_le_bytes(*bytes));
    let is_zstd = magic.is_some_and(|magic| magic == ZSTD || magic & !0xf == PASSED_OVER);
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(packed));
    Ok(if is_gzip {
        Box::new(MultiGzDecoder::new(whole))
    } else if is_zstd {
        Box::new(Frames {
            packed: whole,
            decoder: FrameDecoder::new(),
            is_open: false,
        })
    } else {
        Box::new(whole)
    })
}

/// The frames of a zstd stream, one after the other.
struct Frames<R> {
    packed: R,
    decoder: FrameDecoder,
    /// Whether the decoder is inside of a frame.
    is_open: bool,
}

impl<R: BufRead> Frames<R> {
    /// Goes into the next frame that has content; `false` where there is none.
    fn open(&mut self) -> io::Result<bool> {
        while !self.packed.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.packed) {
                Ok(()) => {
                    self.is_open = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped = io::copy(&mut self.packed.by_ref().take(length), &mut io::sink());
                    if skipped? != length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.is_open || self.open()? {
            let wanted = buffer.len().min(BUFFER);
            while self.decoder.can_collect() < wanted && !self.decoder.is_finished() {
                let strategy = BlockDecodingStrategy::UptoBytes(wanted);
                let decoded = self.decoder.decode_blocks(&mut self.packed, strategy);
                decoded.map_err(io::Error::other)?;
            }
            let count = self.decoder.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            self.is_open = !self.decoder.is_finished();
        }
        Ok(0)
    }
}

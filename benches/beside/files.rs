//! Trees of files to send.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::Fallible;
use crate::measure::output;

/// What a folder holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tree {
    /// One file of so many bytes.
    One(usize),
    /// So many files of 1 to 8 KiB, a hundred in each folder.
    Many(usize),
}

/// Makes a folder with files that are like no others, and returns how many bytes they have. All of it is
/// on the disk then: nobody pays for writing it later.
pub(crate) fn fill(folder: &Path, tree: Tree, seed: &str) -> Fallible<u64> {
    std::fs::create_dir_all(folder)?;
    let mut noise = Noise::of(seed);
    let mut bytes = 0;
    match tree {
        Tree::One(size) => {
            let mut file = File::create(folder.join("하나.bin"))?;
            let mut block = vec![0; 1 << 20];
            while bytes < size {
                noise.fill(&mut block);
                let part = block.len().min(size - bytes);
                file.write_all(&block[..part])?;
                bytes += part;
            }
        }
        Tree::Many(count) => {
            let mut block = vec![0; 8 << 10];
            for number in 0..count {
                let inner = folder.join(format!("ordner-{}", number / 100));
                if number % 100 == 0 {
                    std::fs::create_dir(&inner)?;
                }
                let size = 1024 * (1 + number % 8);
                noise.fill(&mut block[..size]);
                std::fs::write(inner.join(format!("파일-{number}")), &block[..size])?;
                bytes += size;
            }
        }
    }
    output(Command::new("sync").arg("--file-system").arg(folder))?;
    Ok(u64::try_from(bytes)?)
}

/// Bytes that do not repeat (xorshift). They need to be new, not unforeseeable.
struct Noise(u64);

impl Noise {
    fn of(seed: &str) -> Noise {
        let mix = |state: u64, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Noise(seed.bytes().fold(0xcbf2_9ce4_8422_2325, mix) | 1)
    }

    fn fill(&mut self, block: &mut [u8]) {
        for chunk in block.chunks_mut(8) {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            chunk.copy_from_slice(&self.0.to_le_bytes()[..chunk.len()]);
        }
    }
}

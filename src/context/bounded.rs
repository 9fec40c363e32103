//! Files that are read whole, up to a bound.
//!
//! A recipe, a template or an ignore file has a name that somebody wrote, and what lies there may be
//! anything: a named pipe that nobody writes to, `/dev/zero`, a disk image. Only a regular file is opened,
//! and never more is read of it than it may hold.

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::Path;

use super::stat::Kind;

/// The bytes of a regular file. Of one that has more than `most`, one byte more comes back, so that
/// callers can say so in their own words.
///
/// # Errors
/// There is no such file, it cannot be read, or it is no regular file.
pub fn read_bounded(path: &Path, most: usize) -> Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    let kind = Kind::of(&metadata);
    if let Some(what) = kind.and_then(Kind::special) {
        let message = format!("it is {what}, not a file");
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let size = usize::try_from(metadata.len().min(most)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(size.saturating_add(1));
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of a regular file of at most `most` bytes.
///
/// # Errors
/// As [`read_bounded`]; it is larger, or no UTF-8, and then the first line that is none is named.
pub fn read_text(path: &Path, most: usize) -> Result<String> {
    let bytes = read_bounded(path, most)?;
    if bytes.len() > most {
        let message = format!("it is larger than {} KiB", most / 1024);
        return Err(Error::new(ErrorKind::InvalidData, message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..valid];
        let line = before.split(|&byte| byte == b'\n').count();
        Error::new(ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{read_bounded, read_text};

    #[test]
    fn of_a_file_that_is_too_large_one_byte_more_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("파일");
        std::fs::write(&path, "0123456789").unwrap();
        assert_eq!(read_bounded(&path, 10).unwrap().len(), 10);
        assert_eq!(read_bounded(&path, 4).unwrap(), b"01234");
        assert!(
            read_text(&path, 4)
                .unwrap_err()
                .to_string()
                .contains("larger")
        );
    }

    #[test]
    fn a_device_is_not_opened_and_a_text_that_is_none_is_refused_by_its_line() {
        let error = read_bounded(Path::new("/dev/zero"), 10).unwrap_err();
        assert_eq!(error.to_string(), "it is a character device, not a file");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"a\nb\n\xff\n").unwrap();
        let error = read_text(&path, 10).unwrap_err();
        assert_eq!(error.to_string(), "line 3 is not UTF-8");
    }
}

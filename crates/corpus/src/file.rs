//! Opens files, compressed or not.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

use crate::error::InputError;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 1 << 16;

/// Endings of file names that say a file is compressed.
const COMPRESSED: [&str; 2] = [".zst", ".gz"];

/// An open file that yields its uncompressed bytes.
pub(crate) struct Input {
    path: PathBuf,
    format: Option<&'static str>,
    reader: Box<dyn BufRead + Send>,
}

impl Input {
    /// Opens a file; what it is compressed with is seen from its first bytes, not its name.
    pub(crate) fn open(path: &Path) -> Result<Self, InputError> {
        let read = |source| InputError::Read { path: path.to_owned(), source };
        let mut file = BufReader::with_capacity(BUFFER_BYTES, File::open(path).map_err(read)?);
        let start = file.fill_buf().map_err(read)?;
        let (format, reader): (_, Box<dyn BufRead + Send>) = if start.starts_with(&ZSTD_MAGIC) {
            let decoder = zstd::Decoder::with_buffer(file).map_err(read)?;
            (Some("zstd"), Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder)))
        } else if start.starts_with(&GZIP_MAGIC) {
            let decoder = flate2::bufread::MultiGzDecoder::new(file);
            (Some("gzip"), Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder)))
        } else {
            (None, Box::new(file))
        };
        Ok(Self { path: path.to_owned(), format, reader })
    }

    /// Returns the path that was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the bytes that are buffered, reading more if there are none; empty at the end.
    pub(crate) fn fill(&mut self) -> Result<&[u8], InputError> {
        let (path, format) = (&self.path, self.format);
        self.reader.fill_buf().map_err(|source| failure(path, format, source))
    }

    /// Drops bytes from the front of the buffer.
    pub(crate) fn consume(&mut self, count: usize) {
        self.reader.consume(count);
    }

    /// Appends bytes as they come and returns how many there were: fewer than asked for only where the file ends.
    ///
    /// A wrong length so costs no more memory than the file has bytes.
    pub(crate) fn append(&mut self, count: u64, out: &mut Vec<u8>) -> Result<u64, InputError> {
        let mut missing = count;
        while missing > 0 {
            let buffer = self.fill()?;
            let taken = buffer.len().min(usize::try_from(missing).unwrap_or(usize::MAX));
            if taken == 0 {
                break;
            }
            out.extend_from_slice(&buffer[..taken]);
            self.consume(taken);
            missing -= taken as u64;
        }
        Ok(count - missing)
    }

    /// Reads all that is left.
    pub(crate) fn read_to_end(&mut self) -> Result<Vec<u8>, InputError> {
        let mut bytes = Vec::new();
        self.reader.read_to_end(&mut bytes).map_err(|source| failure(&self.path, self.format, source))?;
        Ok(bytes)
    }
}

fn failure(path: &Path, format: Option<&'static str>, source: io::Error) -> InputError {
    match format {
        Some(format) => InputError::Compression { path: path.to_owned(), format, source },
        None => InputError::Read { path: path.to_owned(), source },
    }
}

/// Reads a whole JSON file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, InputError> {
    parse_json(path, &Input::open(path)?.read_to_end()?)
}

/// Parses the content of a file.
pub(crate) fn parse_json<T: DeserializeOwned>(path: &Path, content: &[u8]) -> Result<T, InputError> {
    serde_json::from_slice(content).map_err(|error| InputError::json(path, "", (1, 1), &error))
}

/// Finds a file of a directory by its name, compressed or not.
pub(crate) fn find(directory: &Path, name: &str) -> Option<PathBuf> {
    let plain = directory.join(name);
    let compressed = COMPRESSED.iter().map(|ending| directory.join(format!("{name}{ending}")));
    std::iter::once(plain).chain(compressed).find(|path| path.exists())
}

/// Finds a file that must be there.
pub(crate) fn find_or_miss(
    directory: &Path,
    name: &str,
    expected: &'static str,
) -> Result<PathBuf, InputError> {
    find(directory, name).ok_or_else(|| InputError::Missing { path: directory.join(name), expected })
}

/// Returns a file's name without the endings of compression.
pub(crate) fn plain_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let plain = COMPRESSED.iter().find_map(|ending| name.strip_suffix(ending));
    plain.unwrap_or(&name).to_owned()
}

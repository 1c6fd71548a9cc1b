//! Writes evidence to a file and reads it back.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read},
    path::{Path, PathBuf},
};

use super::{Evidence, EvidenceError, SCHEMA};

/// JSON that a reader takes at most; a block with the state it touches is some megabytes.
const BYTES_MAX: u64 = 4 << 30;

/// Only what tells whether the rest can be understood.
#[derive(serde::Deserialize)]
struct Versioned {
    schema: u32,
}

impl Evidence {
    /// Returns the file's name: the block's number and the first eight digits of its hash.
    pub fn file_name(&self) -> String {
        let hash = alloy_primitives::hex::encode(&self.block.hash[..4]);
        format!("{}-{hash}.json.zst", self.block.number)
    }

    /// Returns the name for the whole block's evidence, where shrunken evidence has the other name.
    pub fn whole_file_name(&self) -> String {
        self.file_name().replace(".json.zst", ".whole.json.zst")
    }

    /// Writes the evidence into a directory, which is made if need be, and returns the file's path.
    ///
    /// The file appears whole or not at all. Evidence of the same block that is there already is replaced.
    pub fn write(&self, directory: &Path) -> Result<PathBuf, EvidenceError> {
        let path = directory.join(self.file_name());
        let partial = path.with_extension("partial");
        let failed = |at: &Path, source| EvidenceError::Io { path: at.to_owned(), source };
        fs::create_dir_all(directory).map_err(|source| failed(directory, source))?;
        self.write_to(&partial).map_err(|source| failed(&partial, source))?;
        fs::rename(&partial, &path).map_err(|source| failed(&path, source))?;
        Ok(path)
    }

    fn write_to(&self, path: &Path) -> io::Result<()> {
        let mut encoder = zstd::Encoder::new(BufWriter::new(File::create(path)?), 0)?;
        // The checksum lets a reader tell a damaged file from a wrong one.
        encoder.include_checksum(true)?;
        serde_json::to_writer(&mut encoder, self)?;
        let file = encoder.finish()?.into_inner().map_err(|error| error.into_error())?;
        file.sync_all()
    }

    /// Reads evidence from a file.
    pub fn read(path: &Path) -> Result<Self, EvidenceError> {
        let file = File::open(path).map_err(|source| EvidenceError::Io { path: path.into(), source })?;
        let damaged = |source| EvidenceError::Compression { path: path.into(), source };
        let decoder = zstd::Decoder::new(file).map_err(damaged)?;
        let mut json = Vec::new();
        decoder.take(BYTES_MAX + 1).read_to_end(&mut json).map_err(damaged)?;
        if json.len() as u64 > BYTES_MAX {
            return Err(EvidenceError::TooLarge { path: path.into(), bytes_max: BYTES_MAX });
        }
        let wrong = |source| EvidenceError::Json { path: path.into(), source };
        let Versioned { schema: found } = serde_json::from_slice(&json).map_err(wrong)?;
        if !(1..=SCHEMA).contains(&found) {
            return Err(EvidenceError::Schema { path: path.into(), expected: SCHEMA, found });
        }
        serde_json::from_slice(&json).map_err(wrong)
    }
}

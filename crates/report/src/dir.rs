//! Where the files of a report are.

use std::path::{Path, PathBuf};

/// A report directory: names of the files in it, whether they exist or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportDir {
    path: PathBuf,
}

impl ReportDir {
    /// Names a report directory. Creates nothing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The records, one JSON object a line.
    pub fn blocks(&self) -> PathBuf {
        self.path.join("blocks.jsonl")
    }

    /// The totals. Missing if the run that writes the report was killed.
    pub fn summary(&self) -> PathBuf {
        self.path.join("summary.json")
    }

    /// The page.
    pub fn page(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// The records as columns, where they were asked for.
    pub fn parquet(&self) -> PathBuf {
        self.path.join("blocks.parquet")
    }

    /// The directory of evidence files, one a divergence.
    pub fn evidence(&self) -> PathBuf {
        self.path.join("evidence")
    }

    /// The file that a record's `divergence.evidence` names, unless the name leads out of `evidence/`.
    pub fn evidence_file(&self, name: &str) -> Option<PathBuf> {
        is_evidence_name(name).then(|| self.path.join(name))
    }
}

/// Tells whether a relative name stays inside `evidence/`.
///
/// Records may come from elsewhere: what is neither linked nor copied unless this holds cannot lead anywhere else.
pub(crate) fn is_evidence_name(name: &str) -> bool {
    let mut parts = name.split('/');
    parts.next() == Some("evidence")
        && name.len() > "evidence/".len()
        && parts.all(|part| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_names_stay_inside() {
        assert!(is_evidence_name("evidence/19932703.json.zst"));
        assert!(is_evidence_name("evidence/a b/<c>"));
        for name in [
            "",
            "evidence",
            "evidence/",
            "/etc/passwd",
            "evidence/../x",
            "evidence//x",
            "javascript:alert(1)",
            "evidence/..\\x",
        ] {
            assert!(!is_evidence_name(name), "{name}");
        }
    }
}

//! Keeps what replays a divergence.

use std::{collections::BTreeMap, path::Path, time::Duration};

use tandem_compare::{
    Evidence, EvidenceError, Limits, Shrinking,
    evidence::{Provenance, Run},
};

/// Versions of the crates that execute, as Cargo.lock has them when the program is built.
const LOCK: &str = include_str!("../../../../Cargo.lock");

/// Names of the crates that execute.
const ENGINES: [&str; 4] = ["alloy-evm", "revm", "alloy-consensus", "alloy-trie"];

/// Bounds of making the evidence of one divergence smaller.
pub(crate) const LIMITS: Limits = Limits { trials_max: 400, time_max: Duration::from_secs(20) };

/// What a run waits for.
pub(crate) const SHRINKING: Shrinking = Shrinking::new(LIMITS, Duration::from_secs(120));

/// Writes the evidence of a divergence into a report's directory, as small as it gets, and returns its name there.
pub(crate) fn write(
    report_dir: &Path,
    mut evidence: Evidence,
    run: Run,
    shrinking: &mut Shrinking,
) -> Result<String, EvidenceError> {
    let directory = report_dir.join("evidence");
    (evidence.run, evidence.provenance) = (run, provenance());
    let name = format!("evidence/{}", evidence.file_name());
    evidence.write_shrunken(&directory, shrinking)?;
    Ok(name)
}

/// Says what this program is built from.
fn provenance() -> Provenance {
    let versions = ENGINES.iter().filter_map(|name| Some(((*name).to_owned(), locked_version(name)?)));
    Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("TANDEM_COMMIT").unwrap_or_default().to_owned(),
        crates: versions.collect::<BTreeMap<_, _>>(),
    }
}

fn locked_version(name: &str) -> Option<String> {
    let (_, entry) = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    Some(entry.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_has_a_version() {
        for name in ENGINES {
            assert!(locked_version(name).is_some_and(|version| version.contains('.')), "{name}");
        }
    }
}

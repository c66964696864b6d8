//! The directory from a spreadsheet: what a sheet would change is said, with whose open
//! requests move, and is written over the version that was looked at.

use cloud::desk::{Desk, fingerprint, problem_of};
use cloud::http::{Answer, Call};
use cloud::store::RequestKey;
use types::api::{DirectoryQuery, Takes};
use types::catalogue::{Catalogue, CatalogueDocument};
use types::difference::{Difference, difference};
use types::enrolment::{Reach, Tally, enrolled, tally};
use types::problem::{FieldError, Problem};
use types::spreadsheet;
use types::succession::may_follow;
use types::view::DirectoryChangeView;

use crate::usage::{Said, Usage, shipped};

/// Differences that are said of a sheet.
const MOST: usize = 500;

/// What a sheet would change.
pub struct Proposal {
    pub catalogue: Catalogue,
    pub tally: Tally,
    pub differences: Vec<Difference>,
    /// Whose open requests move, and what else is to be noticed.
    pub warnings: Vec<String>,
}

impl Proposal {
    /// What the text of a sheet would change of the catalogue in force.
    ///
    /// # Errors
    /// Every mistake of the sheet; or, where there is none, every rule of the catalogue
    /// that would not hold after it.
    pub async fn of(
        usage: Usage<'_>,
        text: &str,
        reach: Reach,
        said: Said,
    ) -> Result<Self, Problem> {
        let one = |error: FieldError| Problem::Validation(vec![error]);
        let before = usage.document;
        let rows = spreadsheet::rows(text).map_err(one)?;
        let directory = enrolled(&rows, before, reach).map_err(Problem::Validation)?;
        let after = CatalogueDocument {
            directory,
            ..before.clone()
        };
        let catalogue = Catalogue::new(after).map_err(Problem::Validation)?;
        let after = catalogue.document();
        may_follow(after, before).map_err(Problem::Validation)?;
        let needed = usage.needed(after, said).await?;
        if !needed.is_empty() {
            return Err(Problem::Validation(needed));
        }
        Ok(Proposal {
            tally: tally(&before.directory, &after.directory),
            differences: difference(before, after),
            warnings: usage.warnings(after).await?,
            catalogue,
        })
    }
}

/// Answers a sheet that a program sends.
pub async fn import(
    desk: &Desk,
    call: &Call,
    takes: Takes<DirectoryQuery>,
) -> Result<Answer, Problem> {
    let stored = desk.store.catalogue().await.map_err(|e| problem_of(&e))?;
    let caller = desk.caller(call, &stored.catalogue)?;
    if !takes.row().access.admits(&caller) {
        return Err(Problem::Forbidden(
            "Solo la coordinación cambia el catálogo.",
        ));
    }
    let DirectoryQuery {
        preview,
        reach,
        version: seen,
    } = takes.query(call.query())?;
    // Whom it leaves out is no part of the body.
    let fingerprint = format!("{}/{}", fingerprint(call), <&str>::from(reach));
    let key = call.idempotency_key()?;
    let request = key.as_ref().map(|key| RequestKey {
        scope: caller.email.as_str(),
        key,
        fingerprint: &fingerprint,
    });
    if let Some(seen) = seen.filter(|seen| !preview && *seen != stored.version) {
        if let Some(request) = request {
            let kept = desk.store.catalogue_version(seen.saturating_add(1)).await;
            match kept.map_err(|e| problem_of(&e))? {
                Some(kept) if kept.is_of(request) => {
                    // What was to be noticed was said the first time.
                    let (before, after) = (document_of(desk, seen).await?, &kept.document);
                    let tally = tally(&before.directory, &after.directory);
                    let view = changed(kept.version, tally, difference(&before, after));
                    return Answer::json(200, &view);
                }
                Some(kept) if kept.has_key(request) => return Err(Problem::IdempotencyMismatch),
                Some(_) | None => {}
            }
        }
        return Err(Problem::VersionConflict {
            expected: seen,
            actual: stored.version,
        });
    }
    let usage = Usage {
        desk,
        document: stored.catalogue.document(),
        version: stored.version,
    };
    let text = spreadsheet::text(&call.body).map_err(|error| Problem::Validation(vec![error]))?;
    let proposal = Proposal::of(usage, &text, reach, Said::ToAProgram).await?;
    let mut version = stored.version;
    if !preview && !proposal.differences.is_empty() {
        let (document, by) = (proposal.catalogue.document(), caller.person());
        let written = desk.write_catalogue(document, &stored, &by, request).await;
        version += 1;
        if !written.map_err(|e| problem_of(&e))? {
            return Err(Problem::VersionConflict {
                expected: stored.version,
                actual: version,
            });
        }
    }
    let Proposal {
        catalogue: _,
        tally,
        differences,
        warnings,
    } = proposal;
    let view = DirectoryChangeView {
        preview,
        warnings,
        ..changed(version, tally, differences)
    };
    Answer::json(200, &view)
}

/// What was written, as far as it is said.
fn changed(version: u64, tally: Tally, mut differences: Vec<Difference>) -> DirectoryChangeView {
    let all = differences.len();
    differences.truncate(MOST);
    let Tally {
        added,
        changed,
        removed,
        unchanged,
    } = tally;
    DirectoryChangeView {
        version,
        preview: false,
        added,
        changed,
        removed,
        unchanged,
        more_differences: all - differences.len(),
        differences,
        warnings: vec![],
    }
}

/// A catalogue as it was in force.
pub async fn document_of(desk: &Desk, version: u64) -> Result<CatalogueDocument, Problem> {
    if version == 0 {
        return shipped();
    }
    let kept = desk.store.catalogue_version(version).await;
    let kept = kept.map_err(|e| problem_of(&e))?;
    kept.map(|kept| kept.document).ok_or(Problem::Internal)
}

//! The catalogue: everybody reads it, coordinators write it.

use cloud::desk::{Desk, problem_of};
use cloud::http::{Answer, Call};
use cloud::store::CatalogueVersion;
use serde_json::Value;
use types::api::{
    Access, CATALOGUE_VERSION, CatalogueChange, Page, Takes, VersionsQuery, invalid_cursor,
};
use types::catalogue::Catalogue;
use types::difference::{Difference, difference};
use types::input::Kind;
use types::problem::Problem;
use types::reading;
use types::succession::may_follow;
use types::view::{CatalogueVersionView, CatalogueView};

use crate::usage::{Said, Usage, shipped};

/// Versions that are read at once: each is a whole catalogue.
const AT_ONCE: usize = 10;

pub async fn show(desk: &Desk, call: &Call, access: Access) -> Result<Answer, Problem> {
    // From the table: whoever has just written it wants to see that.
    let stored = desk.store.catalogue().await.map_err(|e| problem_of(&e))?;
    let caller = desk.caller(call, &stored.catalogue)?;
    if !access.admits(&caller) {
        return Err(Problem::Forbidden(
            "El catálogo es para las personas de la entidad.",
        ));
    }
    let view = CatalogueView {
        document: stored.catalogue.document(),
        version: stored.version,
        warnings: vec![],
    };
    Answer::json(200, &view)
}

/// A version that was written, and in what it differs from the one before it.
pub struct Written {
    pub version: CatalogueVersion,
    pub differences: Vec<Difference>,
}

/// At most so many versions, the latest first, from one on; and the one that follows.
pub async fn written(
    desk: &Desk,
    from: u64,
    most: usize,
) -> Result<(Vec<Written>, Option<u64>), Problem> {
    let mut found: Vec<Written> = Vec::new();
    // What is still to be held against the one before it.
    let mut later: Option<CatalogueVersion> = None;
    let mut next = Some(from);
    while let Some(from) = next {
        let kept = desk.store.catalogue_versions(from, AT_ONCE).await;
        let kept = kept.map_err(|e| problem_of(&e))?;
        let last = kept.last().filter(|_| kept.len() == AT_ONCE);
        next = last.and_then(|last| last.version.checked_sub(1));
        for version in kept {
            if let Some(later) = later.take() {
                let differences = difference(&version.document, &later.document);
                found.push(Written {
                    version: later,
                    differences,
                });
            }
            if found.len() == most {
                return Ok((found, Some(version.version)));
            }
            later = Some(version);
        }
    }
    if let Some(first) = later {
        let differences = difference(&shipped()?, &first.document);
        found.push(Written {
            version: first,
            differences,
        });
    }
    Ok((found, None))
}

/// The versions that were written.
pub async fn versions(
    desk: &Desk,
    call: &Call,
    takes: Takes<VersionsQuery>,
) -> Result<Answer, Problem> {
    let stored = desk.store.catalogue().await.map_err(|e| problem_of(&e))?;
    let caller = desk.caller(call, &stored.catalogue)?;
    if !takes.row().access.admits(&caller) {
        return Err(Problem::Forbidden(
            "Las versiones del catálogo las consultan la coordinación y la auditoría.",
        ));
    }
    let query = takes.query(call.query())?;
    let from = match query.cursor.as_deref().map(str::parse) {
        None => stored.version,
        Some(Ok(from)) => from,
        Some(Err(_)) => return Err(invalid_cursor()),
    };
    let (written, next) = written(desk, from, query.limit).await?;
    let items = written.into_iter().map(|written| {
        let Written {
            version,
            mut differences,
        } = written;
        let all = differences.len();
        differences.truncate(CatalogueVersionView::MOST);
        CatalogueVersionView {
            version: version.version,
            written_at: version.written_at,
            by: version.by,
            more_differences: all - differences.len(),
            differences,
        }
    });
    Answer::json(
        200,
        &Page {
            items: items.collect(),
            next_cursor: next.map(|next| next.to_string()),
        },
    )
}

/// Writes a new version. The body may name the `version` that it starts from; it
/// is refused when that is no longer the one in force.
pub async fn change(
    desk: &Desk,
    call: &Call,
    takes: Takes<CatalogueChange>,
) -> Result<Answer, Problem> {
    let stored = desk.store.catalogue().await.map_err(|e| problem_of(&e))?;
    let caller = desk.caller(call, &stored.catalogue)?;
    if !takes.row().access.admits(&caller) {
        return Err(Problem::Forbidden(
            "Solo la coordinación cambia el catálogo.",
        ));
    }
    let CatalogueChange {
        document,
        version: expected,
    } = read(&call.body)?;
    let conflict = |expected| Problem::VersionConflict {
        expected,
        actual: stored.version,
    };
    if expected.is_some_and(|expected| expected != stored.version) {
        return Err(conflict(expected.unwrap_or_default()));
    }
    let catalogue = Catalogue::new(document).map_err(Problem::Validation)?;
    let before = stored.catalogue.document();
    may_follow(catalogue.document(), before).map_err(Problem::Validation)?;
    let usage = Usage {
        desk,
        document: before,
        version: stored.version,
    };
    let needed = usage.needed(catalogue.document(), Said::ToAProgram).await?;
    if !needed.is_empty() {
        return Err(Problem::Validation(needed));
    }
    let warnings = usage.warnings(catalogue.document()).await?;
    let (document, by) = (catalogue.document(), caller.person());
    let written = desk.write_catalogue(document, &stored, &by, None).await;
    if !written.map_err(|e| problem_of(&e))? {
        return Err(Problem::VersionConflict {
            expected: stored.version,
            actual: stored.version + 1,
        });
    }
    let view = CatalogueView {
        document: catalogue.document(),
        version: stored.version + 1,
        warnings,
    };
    Answer::json(200, &view)
}

fn read(body: &[u8]) -> Result<CatalogueChange, Problem> {
    let malformed = |e: serde_json::Error| {
        Problem::MalformedBody(format!(
            "El cuerpo no es JSON válido (línea {}, columna {}).",
            e.line(),
            e.column()
        ))
    };
    let mut value: Value = serde_json::from_slice(body).map_err(malformed)?;
    let Some(fields) = value.as_object_mut() else {
        return Err(Problem::MalformedBody(
            "El cuerpo debe ser un objeto JSON.".to_owned(),
        ));
    };
    // What was answered may be sent again as it is.
    fields.remove("warnings");
    let version = match fields
        .remove("version")
        .filter(|version| !version.is_null())
    {
        None => None,
        Some(version) => Some(
            CATALOGUE_VERSION
                .parse("version", version)
                .map_err(Problem::Validation)?,
        ),
    };
    let document = reading::catalogue(value).map_err(|e| Problem::Validation(vec![e]))?;
    Ok(CatalogueChange { document, version })
}

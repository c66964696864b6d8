//! The catalogue: everybody reads it, coordinators write it.

use cloud::desk::{Desk, problem_of};
use cloud::http::{Answer, Call};
use serde_json::Value;
use types::api::{Access, CATALOGUE_VERSION, CatalogueChange, Takes};
use types::catalogue::Catalogue;
use types::input::Kind;
use types::problem::Problem;
use types::reading;
use types::succession::may_follow;
use types::view::CatalogueView;

use crate::usage::{Said, Usage};

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

//! The page where a spreadsheet of people goes in: pasted, or as a file that is picked.
//! What it would change is said; the same sheet sent on from there is written over the
//! version that was looked at.

use ::pages::catalogue::Access;
use ::pages::forms::sent as value_of;
use ::pages::sheet::{Page, Preview};
use cloud::desk::{Desk, fingerprint, problem_of};
use cloud::http::{Answer, Call};
use cloud::page::{Sent, page_key};
use cloud::store::RequestKey;
use types::api::CHANGES_CATALOGUE;
use types::enrolment::Reach;
use types::entries::Part;
use types::problem::{FieldError, Problem};
use types::spreadsheet;

use crate::catalogue_pages::{Visit, resend};
use crate::enrolment::Proposal;
use crate::formdata::{boundary, parts};
use crate::usage::Said;

/// Where whoever is done goes on.
const DONE: &str = "/catalogo/personas?hecho=catalogo";

/// What was sent.
struct Asked {
    /// The sheet, as text.
    text: String,
    reach: Reach,
    step: Step,
    /// The version that whoever sent it was looking at.
    seen: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Preview,
    Save,
}

/// The page, before anything was sent.
pub async fn blank(visit: &Visit<'_>) -> Result<Answer, Problem> {
    if visit.access() == Access::Reads {
        return Ok(Answer::see_other("/catalogo/personas"));
    }
    let page = Page {
        shell: visit.shell("Personas desde una hoja").await?,
        head: visit.head(Some(Part::People)).await?,
        text: "",
        reach: Reach::Listed,
        preview: None,
        meanwhile: None,
        wrong: None,
    };
    Ok(Answer::page(visit.call, 200, page.written()))
}

/// Says what a sheet would do, or carries it out.
pub async fn enrol(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let asked = Asked::of(call);
    match tried(desk, call, &asked).await {
        // Nothing that was pasted is lost.
        Err(problem @ (Problem::SignedOut | Problem::Unavailable | Problem::Internal)) => {
            let typed = match &asked {
                Ok(asked) => asked.again(),
                Err(_) => return Err(problem),
            };
            let key = Sent::of(call).key_again(call, &problem);
            Ok(resend(call, &typed, key, &problem))
        }
        shown => shown,
    }
}

async fn tried(
    desk: &Desk,
    call: &Call,
    asked: &Result<Asked, FieldError>,
) -> Result<Answer, Problem> {
    // Whoever is overtaken between reading and writing looks once more, and sees by whom.
    for _ in 0..2 {
        let stored = desk.store.catalogue().await.map_err(|e| problem_of(&e))?;
        let caller = desk.sender(call, &stored.catalogue).await?;
        if !CHANGES_CATALOGUE.admits(&caller) {
            return Err(Problem::Forbidden(
                "Solo la coordinación cambia el catálogo.",
            ));
        }
        let visit = Visit {
            desk,
            call,
            stored: &stored,
            caller: &caller,
        };
        if let Some(answer) = visit.enrolled(asked).await? {
            return Ok(answer);
        }
    }
    Err(Problem::Unavailable)
}

impl Asked {
    /// What a form sent, with a file or without.
    fn of(call: &Call) -> Result<Self, FieldError> {
        let content_type = call.header("content-type").unwrap_or_default();
        let Some(boundary) = boundary(content_type) else {
            return Ok(Asked::typed(&call.form()));
        };
        let parts = parts(boundary, &call.body);
        let fields = parts.iter().filter(|part| part.file.is_none());
        let fields = fields.map(|part| {
            let value = String::from_utf8_lossy(part.bytes).into_owned();
            (part.name.clone(), value)
        });
        let mut asked = Asked::typed(&fields.collect::<Vec<_>>());
        let mut files = parts.iter().filter(|part| part.file.is_some());
        if let Some(file) = files.find(|part| !part.bytes.is_empty()) {
            asked.text = spreadsheet::text(file.bytes)?.into_owned();
        }
        Ok(asked)
    }

    fn typed(fields: &[(String, String)]) -> Self {
        let value = |name| value_of(fields, name);
        Asked {
            text: value("hoja").unwrap_or_default().to_owned(),
            reach: match value("alcance") {
                Some("todo") => Reach::Whole,
                Some(_) | None => Reach::Listed,
            },
            step: match value("paso") {
                Some("guardar") => Step::Save,
                Some(_) | None => Step::Preview,
            },
            seen: value("sobre").and_then(|version| version.parse().ok()),
        }
    }

    /// What a form sends again.
    fn again(&self) -> Vec<(String, String)> {
        let mut fields = vec![
            ("hoja", self.text.clone()),
            (
                "alcance",
                match self.reach {
                    Reach::Listed => "listadas".to_owned(),
                    Reach::Whole => "todo".to_owned(),
                },
            ),
        ];
        if self.step == Step::Save {
            fields.push(("paso", "guardar".to_owned()));
        }
        if let Some(seen) = self.seen {
            fields.push(("sobre", seen.to_string()));
        }
        let fields = fields.into_iter();
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

impl Visit<'_> {
    /// The page that a sheet leads to; nothing where somebody else was faster.
    async fn enrolled(&self, asked: &Result<Asked, FieldError>) -> Result<Option<Answer>, Problem> {
        let refused = Problem::Validation;
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => {
                let problem = refused(vec![error.clone()]);
                return self.sheet("", Reach::Listed, Err(problem), None).await;
            }
        };
        let Asked {
            text,
            reach,
            step,
            seen,
        } = asked;
        let key = self.call.idempotency_key()?;
        let fingerprint = fingerprint(self.call);
        let request = key.as_ref().map(|key| RequestKey {
            scope: self.caller.email.as_str(),
            key,
            fingerprint: &fingerprint,
        });
        if let (Step::Save, Some(request)) = (step, request)
            && self.is_done(*seen, request).await?
        {
            return Ok(Some(Answer::see_other(DONE)));
        }
        let proposed = Proposal::of(self.usage(), text, *reach, Said::OnAPage).await;
        match proposed {
            Err(problem @ (Problem::Unavailable | Problem::Internal)) => Err(problem),
            Ok(proposal)
                if *step == Step::Save
                    && *seen == Some(self.stored.version)
                    && !proposal.differences.is_empty() =>
            {
                let by = self.caller.person();
                let document = proposal.catalogue.document();
                let written = self
                    .desk
                    .write_catalogue(document, self.stored, &by, request);
                match written.await {
                    Ok(true) => Ok(Some(Answer::see_other(DONE))),
                    Ok(false) => Ok(None),
                    Err(error) => match problem_of(&error) {
                        problem @ Problem::Validation(_) => {
                            self.sheet(text, *reach, Err(problem), None).await
                        }
                        problem => Err(problem),
                    },
                }
            }
            proposed => {
                let overtaken = (*step == Step::Save).then_some(*seen).flatten();
                self.sheet(text, *reach, proposed, overtaken).await
            }
        }
    }

    /// The page again, with what the sheet would do, or why it cannot.
    async fn sheet(
        &self,
        text: &str,
        reach: Reach,
        proposed: Result<Proposal, Problem>,
        seen: Option<u64>,
    ) -> Result<Option<Answer>, Problem> {
        let meanwhile = self.meanwhile(seen).await?;
        let (problem, proposal) = match proposed {
            Ok(proposal) => (None, Some(proposal)),
            Err(problem) => (Some(problem), None),
        };
        let status = match (&problem, &meanwhile) {
            (Some(problem), _) => problem.status(),
            (None, Some(_)) => 409,
            (None, None) => 200,
        };
        let title = match status {
            200 => "Vista previa de la hoja",
            _ => "Error: Personas desde una hoja",
        };
        let page = Page {
            shell: self.shell(title).await?,
            head: self.head(Some(Part::People)).await?,
            text,
            reach,
            preview: proposal.map(|proposal| Preview {
                tally: proposal.tally,
                differences: proposal.differences,
                warnings: proposal.warnings,
                version: self.stored.version,
                key: page_key(),
                who: &self.caller.name,
            }),
            meanwhile,
            wrong: problem.as_ref(),
        };
        Ok(Some(Answer::page(self.call, status, page.written())))
    }
}

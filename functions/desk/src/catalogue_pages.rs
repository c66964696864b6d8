//! The pages of the catalogue. Whoever works here reads it; a coordinator changes an
//! entry in two steps: what the change would do is said, and the same form sent again
//! does it, over the version that was looked at.

use ::pages::catalogue::{
    Access, Head, List, Look, Meanwhile, Page as Form, Preview, Resend, Version, Versions, Written,
    part_of, word,
};
use ::pages::entryform::{Typed, blank, filled, read, tidied};
use ::pages::forms::sent as value_of;
use ::pages::shell::{Section, Shell, works_here};
use cloud::clock;
use cloud::desk::{Desk, fingerprint, problem_of};
use cloud::http::{Answer, Call};
use cloud::page::{Sent, page_key};
use cloud::store::{CatalogueVersion, RequestKey, StoredCatalogue};
use types::api::CHANGES_CATALOGUE;
use types::api::pages::catalogue::Page;
use types::catalogue::{Catalogue, CatalogueDocument};
use types::consequences::{Consequence, consequences, in_use};
use types::difference::{Difference, difference};
use types::entries::{Extent, Part, entries};
use types::permission::Caller;
use types::problem::{FieldError, Problem};
use types::revision::{Revision, entry_of, revised};

use crate::enrolment::document_of;
use crate::pages::around;
use crate::usage::{Said, Usage};
use crate::{catalogue, sheet_pages};

/// Versions of a page.
const ROWS: usize = 20;

const UNKNOWN: Problem = Problem::NotFound("Esta dirección no existe.");

/// Answers a page. What goes wrong is a page, too.
pub async fn answer(desk: &Desk, call: &Call, page: Page) -> Answer {
    let shown = match page {
        Page::Start => Ok(Answer::see_other("/catalogo/personas")),
        Page::Part | Page::Versions | Page::Entry | Page::Sheet => show(desk, call, page).await,
        Page::Enrol => sheet_pages::enrol(desk, call).await,
        Page::Revise => {
            let sent = Sent::of(call);
            match revise(desk, call, &sent).await {
                // Nothing that was typed is lost.
                Err(problem @ (Problem::SignedOut | Problem::Unavailable | Problem::Internal)) => {
                    let key = sent.key_again(call, &problem);
                    Ok(resend(call, sent.typed(), key, &problem))
                }
                shown => shown,
            }
        }
    };
    match shown {
        Ok(answer) => answer,
        Err(problem) => desk.page_of_problem(call, problem).await,
    }
}

/// Somebody who looks at the catalogue.
pub struct Visit<'a> {
    pub desk: &'a Desk,
    pub call: &'a Call,
    pub stored: &'a StoredCatalogue,
    pub caller: &'a Caller,
}

async fn show(desk: &Desk, call: &Call, page: Page) -> Result<Answer, Problem> {
    // From the table: whoever has just changed it wants to see that.
    let stored = desk.store.catalogue().await.map_err(|e| problem_of(&e))?;
    let caller = desk.visitor(call, &stored.catalogue).await?;
    if !works_here(&caller) {
        return Err(Problem::Forbidden(
            "El catálogo es para quienes atienden las solicitudes.",
        ));
    }
    let visit = Visit {
        desk,
        call,
        stored: &stored,
        caller: &caller,
    };
    match page {
        Page::Part => visit.list().await,
        Page::Versions => visit.versions().await,
        Page::Entry => visit.entry().await,
        Page::Sheet => sheet_pages::blank(&visit).await,
        Page::Start | Page::Revise | Page::Enrol => Err(UNKNOWN),
    }
}

/// What was sent, to be sent again as it is: it may have been done after all, and is
/// then not done twice.
pub fn resend(call: &Call, typed: &[(String, String)], key: String, problem: &Problem) -> Answer {
    let page = Resend {
        shell: Shell::new("Error: Catálogo", Section::Nowhere, clock::now()),
        heading: "Catálogo",
        action: &call.path,
        problem,
        sent: typed,
        key,
    };
    Answer::page(call, problem.status(), page.written())
}

impl<'a> Visit<'a> {
    pub fn document(&self) -> &'a CatalogueDocument {
        self.stored.catalogue.document()
    }

    fn part(&self) -> Result<Part, Problem> {
        part_of(self.call.parameter("part")).ok_or(UNKNOWN)
    }

    pub fn access(&self) -> Access {
        match CHANGES_CATALOGUE.admits(self.caller) {
            true => Access::Changes,
            false => Access::Reads,
        }
    }

    pub async fn shell(&self, title: &str) -> Result<Shell<'a>, Problem> {
        let Visit {
            desk,
            call,
            stored,
            caller,
        } = self;
        around(desk, call, stored, caller, title, Section::Catalogue).await
    }

    async fn version(&self, version: u64) -> Result<Option<CatalogueVersion>, Problem> {
        let found = self.desk.store.catalogue_version(version).await;
        found.map_err(|e| problem_of(&e))
    }

    /// Who wrote the version in force, and when.
    async fn in_force(&self) -> Result<Written, Problem> {
        let version = self.stored.version;
        let kept = match version {
            0 => None,
            version => self.version(version).await?,
        };
        Ok(kept.as_ref().map_or_else(
            || Written {
                version,
                at: None,
                by: None,
            },
            written,
        ))
    }

    pub async fn head(&self, part: Option<Part>) -> Result<Head, Problem> {
        Ok(Head {
            written: self.in_force().await?,
            part,
            access: self.access(),
        })
    }

    async fn list(&self) -> Result<Answer, Problem> {
        let part = self.part()?;
        let (shell, head) = (self.shell("Catálogo").await?, self.head(Some(part)).await?);
        let from = self.call.asked("desde").and_then(|from| from.parse().ok());
        let look = Look {
            words: self.call.asked("q").unwrap_or_default(),
            from: from.unwrap_or_default(),
        };
        let page = List::of(shell, head, part, self.document(), look);
        Ok(Answer::page(self.call, 200, page.written()))
    }

    async fn entry(&self) -> Result<Answer, Problem> {
        let part = self.part()?;
        let key = self.call.asked("clave");
        let typed = match key {
            None if self.access() == Access::Reads || part.extent() == Extent::One => {
                let list = format!("/catalogo/{}", word(part));
                return Ok(Answer::see_other(&list));
            }
            None => blank(part),
            Some(key) => {
                let entry = entry_of(self.document(), part, key);
                filled(
                    part,
                    &entry.ok_or(Problem::NotFound("No está en el catálogo."))?,
                )
            }
        };
        let (shell, head) = (self.shell("Catálogo").await?, self.head(Some(part)).await?);
        let page = Form::of(shell, head, part, key, self.document(), &typed);
        Ok(Answer::page(self.call, 200, page.written()))
    }

    async fn versions(&self) -> Result<Answer, Problem> {
        let from = self.call.asked("desde").and_then(|from| from.parse().ok());
        let from = from.unwrap_or(self.stored.version);
        let (kept, next) = catalogue::written(self.desk, from, ROWS).await?;
        let versions = kept.into_iter().map(|kept| Version {
            written: written(&kept.version),
            differences: kept.differences,
        });
        let page = Versions {
            shell: self.shell("Versiones del catálogo").await?,
            head: self.head(None).await?,
            versions: versions.collect(),
            next: next.map(|from| format!("/catalogo/versiones?desde={from}")),
        };
        Ok(Answer::page(self.call, 200, page.written()))
    }

    pub fn usage(&self) -> Usage<'a> {
        Usage {
            desk: self.desk,
            document: self.document(),
            version: self.stored.version,
        }
    }
}

fn written(version: &CatalogueVersion) -> Written {
    Written {
        version: version.version,
        at: version.written_at,
        by: version.by.clone(),
    }
}

/// What a form asks for.
struct Asked {
    part: Part,
    /// The entry that it is about; none for a new one.
    key: Option<String>,
    wish: Wish,
    step: Step,
    /// The version that whoever sent it was looking at.
    seen: Option<u64>,
    typed: Typed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Put,
    Remove,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Preview,
    Save,
}

/// A change that could be made.
struct Proposal {
    catalogue: Catalogue,
    differences: Vec<Difference>,
    consequences: Vec<Consequence>,
}

impl Asked {
    /// Fields of the form that are none of the entry's.
    const OWN: [&str; 4] = ["clave", "hacer", "paso", "sobre"];

    fn of(part: Part, sent: &[(String, String)]) -> Self {
        let value = |name| value_of(sent, name);
        let is_own = |(name, _): &&(String, String)| !Self::OWN.contains(&name.as_str());
        let typed: Typed = sent.iter().filter(is_own).cloned().collect();
        Asked {
            part,
            key: value("clave").map(str::to_owned),
            wish: match value("hacer") {
                Some("quitar") => Wish::Remove,
                Some(_) | None => Wish::Put,
            },
            step: match value("paso") {
                Some("guardar") => Step::Save,
                Some(_) | None => Step::Preview,
            },
            seen: value("sobre").and_then(|version| version.parse().ok()),
            typed: tidied(part, &typed),
        }
    }

    /// What is sent again once the preview was seen.
    fn again(&self) -> Typed {
        let mut again = self.typed.clone();
        if let Some(key) = &self.key {
            again.push(("clave".to_owned(), key.clone()));
        }
        if self.wish == Wish::Remove {
            again.push(("hacer".to_owned(), "quitar".to_owned()));
        }
        again
    }

    /// What stands in the form.
    fn shown(&self, document: &CatalogueDocument) -> Typed {
        match (self.wish, &self.key) {
            (Wish::Remove, Some(key)) => {
                let entry = entry_of(document, self.part, key);
                entry.map_or_else(Typed::new, |entry| filled(self.part, &entry))
            }
            (Wish::Put | Wish::Remove, _) => self.typed.clone(),
        }
    }

    async fn propose(&self, visit: &Visit<'_>) -> Result<Proposal, Problem> {
        let document = visit.document();
        let part = self.part;
        let (key, revision) = match (self.wish, &self.key) {
            (Wish::Remove, Some(key)) => (key.clone(), Revision::Remove { key: key.clone() }),
            (Wish::Remove, None) => return Err(UNKNOWN),
            (Wish::Put, key) => {
                let entry = read(part, key.as_deref(), document, &self.typed);
                let entry = entry.map_err(Problem::Validation)?;
                let named = entry.get(part.key()).and_then(|key| key.as_str());
                let named = named.unwrap_or_default().to_owned();
                let key = key.clone();
                (named, Revision::Put { key, entry })
            }
        };
        let refused = |error: FieldError| {
            let field = String::new();
            Problem::Validation(vec![FieldError { field, ..error }])
        };
        let usage = visit.usage();
        let open = usage.open(part, &key).await?;
        // Before whatever else hangs on it: that much can be mended here.
        if let Revision::Remove { key } = &revision {
            let all = entries(document, part).into_iter();
            let mut named = all.filter(|entry| entry.key == *key);
            let needed = named.find_map(|entry| in_use(part, &entry.name, open.tickets));
            needed.map_or(Ok(()), |error| Err(refused(error)))?;
        }
        let catalogue = revised(document, part, revision).map_err(Problem::Validation)?;
        let after = catalogue.document();
        let consequences =
            consequences(part, &key, document, after, open, clock::now()).map_err(refused)?;
        let mut needed = usage.needed(after, Said::OnAPage).await?;
        if !needed.is_empty() {
            needed.iter_mut().for_each(|error| error.field.clear());
            return Err(Problem::Validation(needed));
        }
        Ok(Proposal {
            consequences,
            differences: difference(document, after),
            catalogue,
        })
    }
}

/// Says what a change would do, or makes it.
async fn revise(desk: &Desk, call: &Call, sent: &Sent) -> Result<Answer, Problem> {
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
        let asked = Asked::of(visit.part()?, sent.typed());
        if let Some(answer) = visit.revised(&asked).await? {
            return Ok(answer);
        }
    }
    Err(Problem::Unavailable)
}

impl Visit<'_> {
    /// The page that a form leads to; nothing where somebody else was faster.
    async fn revised(&self, asked: &Asked) -> Result<Option<Answer>, Problem> {
        let current = self.stored.version;
        let done = format!("/catalogo/{}?hecho=catalogo", word(asked.part));
        let key = self.call.idempotency_key()?;
        let fingerprint = fingerprint(self.call);
        let request = key.as_ref().map(|key| RequestKey {
            scope: self.caller.email.as_str(),
            key,
            fingerprint: &fingerprint,
        });
        if let (Step::Save, Some(request)) = (asked.step, request)
            && self.is_done(asked.seen, request).await?
        {
            return Ok(Some(Answer::see_other(&done)));
        }
        let proposed = match asked.propose(self).await {
            Err(problem @ (Problem::Unavailable | Problem::Internal)) => return Err(problem),
            proposed => proposed,
        };
        match proposed {
            Ok(proposal)
                if asked.step == Step::Save
                    && asked.seen == Some(current)
                    && !proposal.differences.is_empty() =>
            {
                let document = proposal.catalogue.document();
                let by = self.caller.person();
                let desk = self.desk;
                let put = desk.write_catalogue(document, self.stored, &by, request);
                if !put.await.map_err(|e| problem_of(&e))? {
                    return Ok(None);
                }
                Ok(Some(Answer::see_other(&done)))
            }
            proposed => self.preview(asked, proposed).await.map(Some),
        }
    }

    /// Whether a request has been carried out over the version that was seen.
    pub async fn is_done(
        &self,
        seen: Option<u64>,
        request: RequestKey<'_>,
    ) -> Result<bool, Problem> {
        match seen.filter(|seen| *seen < self.stored.version) {
            None => Ok(false),
            Some(seen) => {
                let kept = self.version(seen + 1).await?;
                Ok(kept.is_some_and(|kept| kept.is_of(request)))
            }
        }
    }

    /// The form again, with what it would do, or why it cannot.
    async fn preview(
        &self,
        asked: &Asked,
        proposed: Result<Proposal, Problem>,
    ) -> Result<Answer, Problem> {
        let Asked { part, key, .. } = asked;
        let document = self.document();
        let meanwhile = self.meanwhile(asked.seen).await?;
        let (problem, proposal) = match proposed {
            Ok(proposal) => (None, Some(proposal)),
            Err(problem) => (Some(problem), None),
        };
        let conflict = asked.step == Step::Save && meanwhile.is_some();
        let status = match (&problem, conflict) {
            (Some(problem), _) => problem.status(),
            (None, true) => 409,
            (None, false) => 200,
        };
        let title = match status {
            200 => "Vista previa del catálogo",
            _ => "Error: Catálogo",
        };
        let mut head = self.head(Some(*part)).await?;
        if asked.wish == Wish::Remove && problem.is_none() {
            // What is to be taken out is looked at, and not changed besides. What cannot be
            // is retired instead.
            head.access = Access::Reads;
        }
        let shell = self.shell(title).await?;
        let typed = asked.shown(document);
        let mut page = Form::of(shell, head, *part, key.as_deref(), document, &typed);
        if let Some(problem) = &problem {
            page.refused(problem);
        }
        let again = asked.again();
        let preview = proposal.map(|proposal| Preview {
            title: match (asked.wish, key) {
                (Wish::Remove, _) => "Esto se quitará".to_owned(),
                (Wish::Put, None) => "Esto se agregará".to_owned(),
                (Wish::Put, Some(_)) => "Esto cambiará".to_owned(),
            },
            confirm: match (asked.wish, key) {
                (Wish::Remove, _) => "Quitar",
                (Wish::Put, None) => "Agregar",
                (Wish::Put, Some(_)) => "Guardar",
            },
            differences: proposal.differences,
            consequences: proposal.consequences,
            sent: &again,
            version: self.stored.version,
            key: page_key(),
            who: &self.caller.name,
        });
        if let Some(preview) = preview {
            page = page.previewing(preview);
        }
        page.meanwhile = meanwhile;
        Ok(Answer::page(self.call, status, page.written()))
    }

    /// What somebody else wrote since the form was shown, if anybody did.
    pub async fn meanwhile(&self, seen: Option<u64>) -> Result<Option<Meanwhile>, Problem> {
        let Some(seen) = seen.filter(|seen| *seen < self.stored.version) else {
            return Ok(None);
        };
        let before = document_of(self.desk, seen).await?;
        Ok(Some(Meanwhile {
            written: self.in_force().await?,
            differences: difference(&before, self.document()),
        }))
    }
}

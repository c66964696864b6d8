//! Files by HTTP, for whoever sends them: announced, and taken along by what he does.

use sha2::{Digest, Sha256};
use types::Timestamp;
use types::api::{EXPECTED_VERSION, NewUpload, Takes};
use types::command::{Command, Rejection, Setting, decide};
use types::file::unknown;
use types::ids::{EmailAddress, TicketId, UploadId};
use types::input::{Asked, Fields};
use types::permission::{Actor, Caller};
use types::problem::{FieldError, Problem};
use types::ticket::{Attachment, Ticket, Visibility};
use types::upload::Upload;
use ulid::Ulid;

use crate::clock;
use crate::desk::{Desk, fingerprint};
use crate::http::{Answer, Call};
use crate::page::Sent;
use crate::uploads::{Checked, ClearError, Taker, Untaken, until};

impl Desk {
    /// Announces a file of the ticket that the path names, from a page or not.
    ///
    /// # Errors
    /// The problem that the caller is told of.
    pub async fn announce(&self, call: &Call, takes: Takes<NewUpload>) -> Result<Answer, Problem> {
        let (caller, mut fields) = self.announcer(call, takes).await?;
        let expected = EXPECTED_VERSION
            .ask(&mut fields, "expected_version")
            .flatten();
        let body = takes.read(&mut fields);
        let new = fields.finish(body)?;
        let ticket = self.readable(self.about(call)?, &caller).await?;
        if let Some(expected) = expected.filter(|expected| *expected != ticket.version) {
            return Err(Problem::VersionConflict {
                expected,
                actual: ticket.version,
            });
        }
        let upload = upload(call, new, Some(ticket.id), &caller.email)?;
        self.would_take(&upload, &ticket, caller).await?;
        self.uploads()?.announce(upload).await
    }

    /// Announces a file of a request that its sender is yet to register.
    ///
    /// # Errors
    /// The problem that the caller is told of.
    pub async fn announce_for_new(
        &self,
        call: &Call,
        takes: Takes<NewUpload>,
    ) -> Result<Answer, Problem> {
        let (caller, mut fields) = self.announcer(call, takes).await?;
        if !takes.row().access.admits(&caller) {
            return Err(Problem::Forbidden(
                "Su cuenta no es de la entidad ni está en el directorio.",
            ));
        }
        let body = takes.read(&mut fields);
        let new = fields.finish(body)?;
        let upload = upload(call, new, None, &caller.email)?;
        self.uploads()?.announce(upload).await
    }

    async fn announcer(
        &self,
        call: &Call,
        takes: Takes<NewUpload>,
    ) -> Result<(Caller, Fields), Problem> {
        let stored = self.catalogue().await?;
        Ok(match takes.row().is_form(&call.route) {
            true => (
                self.sender(call, &stored.catalogue).await?,
                Sent::of(call).fields(),
            ),
            false => (self.caller(call, &stored.catalogue)?, call.fields()?),
        })
    }

    /// Removes uploads that nobody attached in time, as of `now`. Says how many there were.
    ///
    /// # Errors
    /// See [`ClearError`].
    pub async fn clear_uploads(&self, now: Timestamp) -> Result<usize, ClearError> {
        match self.uploads() {
            Ok(uploads) => uploads.clear(&self.store, now).await,
            // This function takes none.
            Err(_) => Ok(0),
        }
    }

    /// A page whose forms take files along: it sends them to where they lie.
    #[must_use]
    pub fn with_files(&self, page: Answer) -> Answer {
        match self.sends_files_to() {
            Some(origin) => page.sending_to(origin),
            None => page,
        }
    }

    /// Whether a ticket takes a file of somebody, before he sends megabytes for nothing.
    async fn would_take(
        &self,
        upload: &Upload,
        ticket: &Ticket,
        caller: Caller,
    ) -> Result<(), Problem> {
        let add = Command::AddAttachments {
            attachments: vec![Attachment {
                id: upload.id.to_string(),
                name: upload.name.clone(),
                content_type: upload.content_type.clone(),
                size: upload.size,
                visibility: Visibility::Public,
                digest: None,
            }],
            left_out: 0,
        };
        let catalogue = &*self.catalogue().await?.catalogue;
        let now = clock::now();
        match decide(
            ticket,
            &add,
            &Actor::Person(caller),
            Setting { now, catalogue },
        ) {
            // The same announcement once more, of what is there by now.
            Ok(_) | Err(Rejection::AlreadySo(_)) => Ok(()),
            Err(rejection) => Err(rejection.into()),
        }
    }

    /// The one upload that a request is about, looked through.
    pub(crate) async fn one_upload(
        &self,
        ids: &[UploadId],
        taker: Taker<'_>,
    ) -> Result<Vec<Checked>, Problem> {
        let checked = self.uploads()?.check(ids, taker).await;
        let checked: Result<Vec<_>, _> = checked.into_iter().collect();
        checked.map_err(|untaken| match untaken {
            Untaken::Unknown => Problem::NotFound("No existe ese archivo."),
            Untaken::Refused(_, error) => Problem::Validation(vec![error]),
            Untaken::Failed(problem) => problem,
        })
    }

    /// The uploads that a step takes along, looked through.
    pub(crate) async fn uploads_of_step(
        &self,
        ids: &[UploadId],
        taker: Taker<'_>,
    ) -> Result<Vec<Checked>, Problem> {
        let (mut files, mut errors) = (Vec::new(), Vec::new());
        let checked = self.uploads()?.check(ids, taker).await;
        for (at, checked) in checked.into_iter().enumerate() {
            let field = format!("attachments[{at}]");
            match checked {
                Ok(file) => files.push(file),
                Err(Untaken::Unknown) => errors.push(unknown(&field)),
                Err(Untaken::Refused(name, FieldError { code, detail, .. })) => {
                    errors.push(FieldError::new(&field, code, format!("{name}: {detail}")));
                }
                Err(Untaken::Failed(problem)) => return Err(problem),
            }
        }
        match errors.is_empty() {
            true => Ok(files),
            false => Err(Problem::Validation(errors)),
        }
    }

    /// The uploads that a registration takes along, where the files of the ticket that it
    /// makes will lie.
    ///
    /// # Errors
    /// The problem that whoever registers is told of.
    pub async fn take_along(
        &self,
        ids: &[UploadId],
        by: &EmailAddress,
        into: TicketId,
    ) -> Result<Vec<Checked>, Problem> {
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let taker = Taker {
            by,
            ticket: None,
            there: &[],
            visibility: Visibility::Public,
        };
        let files = self.uploads_of_step(ids, taker).await?;
        self.uploads()?.keep(into, &files).await?;
        Ok(files)
    }
}

/// What is taken down of a file that is announced. Announced with a key, it has the same
/// id each time.
fn upload(
    call: &Call,
    new: NewUpload,
    ticket: Option<TicketId>,
    by: &EmailAddress,
) -> Result<Upload, Problem> {
    let now = clock::now();
    let key = call.idempotency_key()?;
    let id = match &key {
        None => Ulid::generate(),
        Some(key) => {
            let hash = Sha256::new()
                .chain_update(by.as_str())
                .chain_update("\n")
                .chain_update(key.as_bytes())
                .finalize();
            let bits = |bytes: &[u8]| {
                let bits = bytes.iter();
                bits.fold(0u128, |bits, byte| bits << 8 | u128::from(*byte))
            };
            Ulid::from(bits(&hash[..16]))
        }
    };
    Ok(Upload {
        id: UploadId(id),
        ticket,
        by: by.clone(),
        name: new.name,
        content_type: new.content_type,
        size: new.size,
        digest: new.sha256,
        until: until(now),
        request: key.map(|_| fingerprint(call)),
    })
}

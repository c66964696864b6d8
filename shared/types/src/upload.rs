//! A file on its way: announced, and perhaps uploaded, and on no ticket yet.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::file::{Declared, Inspected};
use crate::ids::{EmailAddress, TicketId, UploadId};
use crate::problem::FieldError;
use crate::ticket::{Attachment, Visibility};

/// What was announced of a file. It lies beside the file's bytes, and is gone with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The attachment's, too, once it is one.
    pub id: UploadId,
    /// The ticket that it is for; none, where that is still to be registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
    /// Who announced it, and alone may attach it.
    pub by: EmailAddress,
    pub name: String,
    /// As it was said, with its parameters: it is signed.
    pub content_type: String,
    /// In bytes.
    pub size: u64,
    /// SHA-256 of its bytes in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// When it is over: by then it is on a ticket, or it is removed.
    pub until: Timestamp,
    /// What it was announced with, where whoever did may repeat that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// Where a file that was announced is sent to.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Upload"))]
pub struct UploadView<'a> {
    /// What it is confirmed by, and later downloaded by.
    pub id: UploadId,
    /// What it will be called.
    pub name: &'a str,
    /// A `PUT` with the bytes goes there, with the headers below.
    pub upload_url: &'a str,
    pub upload_headers: UploadHeaders<'a>,
    /// Until when the address takes it.
    pub upload_until: Timestamp,
    /// Until when it has to be on a ticket.
    pub expires_at: Timestamp,
}

/// What has to be sent with the bytes: all of it is signed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct UploadHeaders<'a> {
    pub content_type: &'a str,
    /// In base64, where the digest was announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x_amz_checksum_sha256: Option<&'a str>,
}

impl Upload {
    /// Whether somebody may attach it, and to this ticket: none is one that is about to
    /// be registered.
    pub fn is_for(&self, ticket: Option<TicketId>, by: &EmailAddress) -> bool {
        self.ticket == ticket && self.by == *by
    }

    /// The attachment that it becomes, by what its bytes turned out to be.
    ///
    /// # Errors
    /// Why it becomes none.
    pub fn attachment(
        &self,
        inspected: &Inspected,
        visibility: Visibility,
    ) -> Result<Attachment, FieldError> {
        let declared = Declared {
            content_type: &self.content_type,
            size: self.size,
            digest: self.digest.as_deref(),
        };
        Ok(Attachment {
            id: self.id.to_string(),
            name: self.name.clone(),
            content_type: inspected.kind(declared)?,
            size: inspected.size,
            visibility,
            digest: Some(inspected.digest.clone()),
        })
    }
}

/// Its time is over.
pub fn over(field: &str) -> FieldError {
    let detail = "Pasó más de un día desde que se anunció y ya no está: súbalo otra vez.";
    FieldError::new(field, "upload_expired", detail)
}

/// Its bytes have not come.
pub fn missing(field: &str) -> FieldError {
    let detail = "El archivo no ha terminado de subir.";
    FieldError::new(field, "not_uploaded", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What lies in the bucket is read by whatever is deployed within the day.
    #[test]
    fn golden() {
        let json = r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","ticket":"01ARZ3NDEKTSV4RRFFQ69G5FAW","by":"ana@uspec.gov.co","name":"pantalla.png","content_type":"image/png","size":9,"digest":"00","until":"2026-11-27T13:00:00Z","request":"f00"}"#;
        let upload: Upload = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&upload).unwrap(), json);
        let least = r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","by":"ana@uspec.gov.co","name":"pantalla.png","content_type":"image/png","size":9,"until":"2026-11-27T13:00:00Z"}"#;
        let least: Upload = serde_json::from_str(least).unwrap();
        assert_eq!(
            (least.ticket, least.digest, least.request),
            (None, None, None)
        );
    }

    #[test]
    fn it_is_attached_by_whoever_announced_it_to_what_he_said() {
        let json = r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","ticket":"01ARZ3NDEKTSV4RRFFQ69G5FAW","by":"ana@uspec.gov.co","name":"a","content_type":"a/b","size":9,"until":"2026-11-27T13:00:00Z"}"#;
        let mut upload: Upload = serde_json::from_str(json).unwrap();
        let ticket = |last| Some(format!("01ARZ3NDEKTSV4RRFFQ69G5FA{last}").parse().unwrap());
        let person = |text| EmailAddress::parse(text).unwrap();
        let (ana, luis) = (person("ana@uspec.gov.co"), person("luis@uspec.gov.co"));
        assert!(upload.is_for(ticket('W'), &ana));
        assert!(!upload.is_for(ticket('X'), &ana));
        assert!(!upload.is_for(ticket('W'), &luis));
        assert!(!upload.is_for(None, &ana));
        upload.ticket = None;
        assert!(upload.is_for(None, &ana));
        assert!(!upload.is_for(ticket('W'), &ana));
    }
}

//! S3: objects in files, path style, for whoever is on this machine.

mod answers;
mod buckets;
mod chunked;
mod cors;
mod listing;
mod objects;
mod protocol;
mod reading;
mod request;
mod signed;
mod writing;

pub use crate::s3::buckets::{Bucket, CorsRule};
pub(crate) use crate::s3::objects::{Draft, Existing};
pub use crate::s3::objects::{ObjectError, Objects};
pub(crate) use crate::s3::protocol::{answer, needs};
pub(crate) use crate::s3::request::is_for_s3;

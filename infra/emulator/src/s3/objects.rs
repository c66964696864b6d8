//! Objects in buckets: their bytes are files, all else is in the database.
//!
//! A file never changes once an object points at it. What is written is a
//! [`Draft`] until it is put in its place; one that is not leaves nothing.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use md5::{Digest, Md5};
use rusqlite::{OptionalExtension, Row, params};
use sha2::Sha256;
use ulid::Ulid;

use crate::clock::Clock;
use crate::s3::buckets::Bucket;
use crate::store::Store;

/// All buckets.
pub struct Objects {
    store: Store,
    clock: Clock,
    directory: PathBuf,
    buckets: BTreeMap<String, Bucket>,
}

/// What an object is, beside its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) size: u64,
    /// The MD5 digest of its bytes.
    pub(crate) etag: String,
    pub(crate) modified: Timestamp,
    /// What it was put with, names in lower case: `content-type`, `x-amz-meta-…`.
    pub(crate) headers: Vec<(String, String)>,
    file: String,
}

/// A page of a bucket's keys.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) objects: Vec<Object>,
    /// What keys have in common up to the delimiter.
    pub(crate) prefixes: Vec<String>,
    /// What the next page starts after.
    pub(crate) next: Option<String>,
}

/// What becomes of an object that has the key already.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Existing {
    Replaced,
    Kept,
}

/// Why a bucket cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// There is no bucket of this name.
    #[error("The specified bucket does not exist")]
    NoSuchBucket,
    /// There is no object of this key.
    #[error("The specified key does not exist.")]
    NoSuchKey,
    /// There is one, and it was to be kept.
    #[error("At least one of the pre-conditions you specified did not hold")]
    AlreadyExists,
    /// There is another one than was named.
    #[error("At least one of the pre-conditions you specified did not hold")]
    AnotherTag,
    /// The database failed.
    #[error("the object store failed: {0}")]
    Store(#[from] rusqlite::Error),
    /// A file cannot be read or written.
    #[error("the object store failed: {0}")]
    Io(#[from] io::Error),
}

/// Bytes on their way to an object.
pub(crate) struct Draft {
    path: PathBuf,
    name: String,
    file: File,
    digest: Md5,
    sum: Sha256,
    size: u64,
    /// Whether the file is an object's now.
    placed: bool,
}

impl Draft {
    /// The digest of what was written so far.
    pub(crate) fn md5(&self) -> [u8; 16] {
        self.digest.clone().finalize().into()
    }

    /// The SHA-256 of what was written so far.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        self.sum.clone().finalize().into()
    }

    /// How much was written so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.sum.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.placed {
            // What cannot be deleted now is at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Objects {
    /// Opens the buckets, and deletes files that no object points at: drafts
    /// of a process that was killed.
    pub fn open(
        store: Store,
        directory: &Path,
        buckets: Vec<Bucket>,
        clock: Clock,
    ) -> Result<Self, ObjectError> {
        fs::create_dir_all(directory)?;
        let named: HashSet<String> = store.with(|connection| {
            connection
                .prepare("SELECT file FROM objects")?
                .query_map([], |row| row.get(0))?
                .collect()
        })?;
        for file in fs::read_dir(directory)? {
            let file = file?;
            if !named.contains(&*file.file_name().to_string_lossy()) {
                fs::remove_file(file.path())?;
            }
        }
        let named = |bucket: Bucket| (bucket.name.clone(), bucket);
        Ok(Self {
            store,
            directory: directory.to_owned(),
            buckets: buckets.into_iter().map(named).collect(),
            clock,
        })
    }

    /// All buckets, by name.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = &Bucket> {
        self.buckets.values()
    }

    /// A bucket by its name.
    pub(crate) fn bucket(&self, name: &str) -> Result<&Bucket, ObjectError> {
        self.buckets.get(name).ok_or(ObjectError::NoSuchBucket)
    }

    /// Begins to write an object.
    pub(crate) fn draft(&self) -> io::Result<Draft> {
        let name = Ulid::generate().to_string();
        let path = self.directory.join(&name);
        let file = File::options().write(true).create_new(true).open(&path)?;
        Ok(Draft {
            path,
            name,
            file,
            digest: Md5::new(),
            sum: Sha256::new(),
            size: 0,
            placed: false,
        })
    }

    /// Puts a draft in its place, where it is on the disk once this returns:
    /// nothing sees a part of it. Not for a thread that must not wait.
    pub(crate) fn put(
        &self,
        draft: Draft,
        bucket: &str,
        key: &str,
        headers: Vec<(String, String)>,
        existing: Existing,
    ) -> Result<Object, ObjectError> {
        let object = self.place(draft, bucket, key, headers, existing)?;
        self.store.sync()?;
        Ok(object)
    }

    /// [`Self::put`], but for the row in the database: `Store::sync` has to
    /// follow. It serves a caller who has more to write.
    pub(crate) fn place(
        &self,
        mut draft: Draft,
        bucket: &str,
        key: &str,
        headers: Vec<(String, String)>,
        existing: Existing,
    ) -> Result<Object, ObjectError> {
        self.bucket(bucket)?;
        if self.store.waits_for_the_disk() {
            draft.file.sync_data()?;
            File::open(&self.directory)?.sync_all()?;
        }
        let object = Object {
            key: key.to_owned(),
            size: draft.size,
            etag: HEXLOWER.encode(&draft.md5()),
            modified: self.clock.now(),
            headers,
            file: draft.name.clone(),
        };
        let headers = serde_json::json!(object.headers).to_string();
        let before = self.store.with(|connection| {
            let transaction = connection.transaction()?;
            let before: Option<String> = transaction
                .prepare_cached("SELECT file FROM objects WHERE bucket = ?1 AND key = ?2")?
                .query_row(params![bucket, key], |row| row.get(0))
                .optional()?;
            if before.is_some() && existing == Existing::Kept {
                return Ok(Err(ObjectError::AlreadyExists));
            }
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO objects (bucket, key, file, size, etag, modified_at, headers)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    bucket,
                    key,
                    object.file,
                    i64::try_from(object.size).unwrap_or(i64::MAX),
                    object.etag,
                    object.modified.as_millisecond(),
                    headers
                ])?;
            transaction.commit()?;
            Ok(Ok(before))
        })??;
        draft.placed = true;
        if let Some(before) = before {
            self.delete_file(&before);
        }
        Ok(object)
    }

    /// What an object is.
    pub(crate) fn head(&self, bucket: &str, key: &str) -> Result<Object, ObjectError> {
        self.bucket(bucket)?;
        let found = self.store.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT key, size, etag, modified_at, headers, file FROM objects
                     WHERE bucket = ?1 AND key = ?2",
                )?
                .query_row(params![bucket, key], object)
                .optional()
        })?;
        found.ok_or(ObjectError::NoSuchKey)
    }

    /// An object and its bytes, which stay readable even if it is replaced.
    pub(crate) fn get(&self, bucket: &str, key: &str) -> Result<(Object, File), ObjectError> {
        loop {
            let object = self.head(bucket, key)?;
            match File::open(self.directory.join(&object.file)) {
                Ok(file) => return Ok((object, file)),
                // It was replaced in between, or its file is lost.
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound
                        && self.head(bucket, key)?.file != object.file => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Writes an object's bytes, and what it was put with, under another key: of the one
    /// that has this tag, where one is named.
    pub(crate) fn copy(
        &self,
        from: (&str, &str),
        tag: Option<&str>,
        bucket: &str,
        key: &str,
    ) -> Result<Object, ObjectError> {
        let (object, mut file) = self.get(from.0, from.1)?;
        if tag.is_some_and(|tag| tag.trim_matches('"') != object.etag) {
            return Err(ObjectError::AnotherTag);
        }
        let mut draft = self.draft()?;
        io::copy(&mut file, &mut draft)?;
        self.put(draft, bucket, key, object.headers, Existing::Replaced)
    }

    /// Deletes an object; one that is not there is none the less deleted.
    pub(crate) fn delete(&self, bucket: &str, key: &str) -> Result<(), ObjectError> {
        self.bucket(bucket)?;
        let file: Option<String> = self.store.with(|connection| {
            connection
                .prepare_cached(
                    "DELETE FROM objects WHERE bucket = ?1 AND key = ?2 RETURNING file",
                )?
                .query_row(params![bucket, key], |row| row.get(0))
                .optional()
        })?;
        if let Some(file) = file {
            self.delete_file(&file);
        }
        Ok(())
    }

    fn delete_file(&self, name: &str) {
        // What stays is deleted at the next start.
        if let Err(error) = fs::remove_file(self.directory.join(name)) {
            tracing::warn!(%error, file = name, "an object's file could not be deleted");
        }
    }

    /// Up to `limit` objects and common prefixes whose keys begin with `prefix`
    /// and come after `after`, in the order of their bytes.
    pub(crate) fn list(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<&str>,
        after: &str,
        limit: usize,
    ) -> Result<Listing, ObjectError> {
        self.bucket(bucket)?;
        let mut listing = Listing::default();
        if limit == 0 {
            return Ok(listing);
        }
        self.store.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, size, etag, modified_at, headers, file FROM objects
                 WHERE bucket = ?1 AND key > ?2 AND key >= ?3 ORDER BY key",
            )?;
            let mut last = String::new();
            for found in statement.query_map(params![bucket, after, prefix], object)? {
                let found = found?;
                let Some(rest) = found.key.strip_prefix(prefix) else {
                    break;
                };
                let common = delimiter.and_then(|delimiter| {
                    let end = rest.find(delimiter)? + delimiter.len();
                    Some(format!("{prefix}{}", &rest[..end]))
                });
                if let Some(common) = &common
                    && (common == after || listing.prefixes.last() == Some(common))
                {
                    continue;
                }
                if listing.objects.len() + listing.prefixes.len() == limit {
                    listing.next = Some(last);
                    break;
                }
                match common {
                    Some(common) => {
                        last.clone_from(&common);
                        listing.prefixes.push(common);
                    }
                    None => {
                        last.clone_from(&found.key);
                        listing.objects.push(found);
                    }
                }
            }
            Ok(())
        })?;
        Ok(listing)
    }
}

fn object(row: &Row<'_>) -> rusqlite::Result<Object> {
    let size: i64 = row.get(1)?;
    let headers: String = row.get(4)?;
    Ok(Object {
        key: row.get(0)?,
        size: u64::try_from(size).unwrap_or_default(),
        etag: row.get(2)?,
        modified: Timestamp::from_millisecond(row.get(3)?).unwrap_or_default(),
        headers: serde_json::from_str(&headers).unwrap_or_default(),
        file: row.get(5)?,
    })
}

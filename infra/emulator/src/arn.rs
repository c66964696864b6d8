//! Where everything is, and what it is called by: account, region, ARNs, URLs.

/// The account that everything is in.
pub const ACCOUNT: &str = "000000000000";
/// The region that everything is in.
pub const REGION: &str = "us-east-1";

/// The URL that a queue is addressed by, where the AWS APIs are served on `port`.
pub fn queue_url(port: u16, name: &str) -> String {
    format!("http://127.0.0.1:{port}/{ACCOUNT}/{name}")
}

/// The ARN of a queue.
pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

/// The ARN of a function.
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// The ARN of a table.
pub fn table_arn(name: &str) -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}")
}

/// The ARN of a bucket, or of what is in it: `bucket/key`.
pub fn s3_arn(path: &str) -> String {
    format!("arn:aws:s3:::{path}")
}

/// The ARN of something of SES's: `identity/…`, `configuration-set/…`.
pub fn ses_arn(what: &str) -> String {
    format!("arn:aws:ses:{REGION}:{ACCOUNT}:{what}")
}

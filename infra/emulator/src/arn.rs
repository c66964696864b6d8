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

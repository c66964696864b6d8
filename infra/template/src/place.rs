//! Where a template is deployed to, and what its resources are called by there.

/// An account and region, and where their queues are served.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The account's number.
    pub account: &'a str,
    /// As in `us-east-1`.
    pub region: &'a str,
    /// What the URLs of queues begin with, such as `http://127.0.0.1:4566`.
    pub endpoint: &'a str,
}

impl Place<'_> {
    fn arn(&self, service: &str, resource: &str) -> String {
        let Self {
            account, region, ..
        } = self;
        format!("arn:aws:{service}:{region}:{account}:{resource}")
    }

    pub(crate) fn table_arn(&self, name: &str) -> String {
        self.arn("dynamodb", &format!("table/{name}"))
    }

    pub(crate) fn queue_url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.endpoint, self.account)
    }

    pub(crate) fn queue_arn(&self, name: &str) -> String {
        self.arn("sqs", name)
    }

    pub(crate) fn log_group_arn(&self, name: &str) -> String {
        self.arn("logs", &format!("log-group:{name}"))
    }

    pub(crate) fn key_arn(&self, name: &str) -> String {
        self.arn("kms", &format!("key/{name}"))
    }

    pub(crate) fn topic_arn(&self, name: &str) -> String {
        self.arn("sns", name)
    }

    pub(crate) fn receipt_rule_arn(&self, rule_set: &str, rule: &str) -> String {
        self.arn(
            "ses",
            &format!("receipt-rule-set/{rule_set}:receipt-rule/{rule}"),
        )
    }

    pub(crate) fn configuration_set_arn(&self, name: &str) -> String {
        self.arn("ses", &format!("configuration-set/{name}"))
    }

    pub(crate) fn function_arn(&self, name: &str) -> String {
        self.arn("lambda", &format!("function:{name}"))
    }

    /// The value of a pseudo parameter.
    pub(crate) fn pseudo(&self, name: &str) -> Option<String> {
        let value = match name {
            "AWS::AccountId" => self.account,
            "AWS::Region" => self.region,
            "AWS::Partition" => "aws",
            "AWS::StackName" => "local",
            "AWS::StackId" => return Some(self.arn("cloudformation", "stack/local/local")),
            "AWS::URLSuffix" => "amazonaws.com",
            _ => return None,
        };
        Some(value.to_owned())
    }
}

/// The ARN of a bucket, which names neither region nor account.
pub(crate) fn bucket_arn(name: &str) -> String {
    format!("arn:aws:s3:::{name}")
}

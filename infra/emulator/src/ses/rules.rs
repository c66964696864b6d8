//! What SES is set up with: rules for mail that comes in, and what is told of mail
//! that went out.

/// A rule for mail that comes in.
#[derive(Clone, Debug)]
pub struct ReceiptRule {
    /// Addresses and domains that it is for; none stands for every recipient.
    pub recipients: Vec<String>,
    /// Whether mail is looked at for spam and viruses.
    pub scan: Scan,
    /// What is done with a mail.
    pub actions: Vec<S3Action>,
}

/// Whether mail is looked at for spam and viruses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scan {
    /// It is.
    Enabled,
    /// It is not, and there is no verdict on them.
    Disabled,
}

/// A rule's order to keep a mail.
#[derive(Clone, Debug)]
pub struct S3Action {
    /// The bucket that it is kept in.
    pub bucket: String,
    /// The folder in it.
    pub prefix: String,
    /// Who is told of it.
    pub topic_arn: Option<String>,
}

impl ReceiptRule {
    /// Whether it applies to a recipient. A condition is an address, with or
    /// without a label (without one it matches every label), a domain, or a dot
    /// and a domain, which matches the domain's subdomains.
    pub(super) fn applies_to(&self, recipient: &str) -> bool {
        let recipient = recipient.to_lowercase();
        let (local, domain) = recipient.rsplit_once('@').unwrap_or((&recipient, ""));
        let unlabelled = local.split_once('+').map_or(local, |(local, _)| local);
        let matches = |condition: &String| {
            let condition = condition.to_lowercase();
            match condition.rsplit_once('@') {
                Some((wanted, host)) => host == domain && (wanted == local || wanted == unlabelled),
                None if condition.starts_with('.') => domain.ends_with(&condition),
                None => domain == condition,
            }
        };
        self.recipients.is_empty() || self.recipients.iter().any(matches)
    }
}

/// Where a configuration set's events go.
#[derive(Clone, Debug)]
pub struct EventDestination {
    /// The set.
    pub configuration_set: String,
    /// In lower case: `bounce`, `complaint`.
    pub events: Vec<String>,
    /// Who is told.
    pub topic_arn: String,
}

/// A domain or address that mail is sent from.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The domain or address.
    pub name: String,
    /// What mail goes by that names no configuration set itself.
    pub configuration_set: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_applies_to_recipients_as_in_ses() {
        #[track_caller]
        fn check(condition: &str, recipient: &str, expected: bool) {
            let condition = Some(condition).filter(|condition| !condition.is_empty());
            let rule = ReceiptRule {
                recipients: condition.into_iter().map(str::to_owned).collect(),
                scan: Scan::Enabled,
                actions: Vec::new(),
            };
            let applies = rule.applies_to(recipient);
            assert_eq!(applies, expected, "{condition:?} {recipient}");
        }
        check("a@b.co", "a@b.co", true);
        check("a@b.co", "A@B.CO", true);
        check("a@b.co", "a+label@b.co", true);
        check("a@b.co", "a+more+labels@b.co", true);
        check("a@b.co", "aa@b.co", false);
        check("a@b.co", "a@c.b.co", false);
        check("a+label@b.co", "a+label@b.co", true);
        check("a+label@b.co", "a@b.co", false);
        check("a+label@b.co", "a+other@b.co", false);
        check("b.co", "any+label@b.co", true);
        check("b.co", "any@c.b.co", false);
        check("b.co", "any@ab.co", false);
        check(".b.co", "any@c.b.co", true);
        check(".b.co", "any@d.c.b.co", true);
        check(".b.co", "any@b.co", false);
        check("", "any@where.co", true);
    }
}

//! What only shows once everything is read: whether what leads somewhere leads
//! there, and may.

use crate::error::TemplateError;
use crate::place::{Place, bucket_arn};
use crate::policy::Intent;
use crate::ses::ReceiptRule;
use crate::template::Template;
use crate::topic::Subscription;

/// Checks a template as a whole.
pub(crate) fn check(template: &Template, place: &Place<'_>) -> Result<(), TemplateError> {
    let check = Check { template, place };
    check.dead_letters()?;
    for subscription in &template.subscriptions {
        check.subscription(subscription)?;
    }
    for rule in &template.receipt_rules {
        check.receipt_rule(rule)?;
    }
    check.feedback()?;
    for key in template.limits_of_routes.keys() {
        if !template.routes.iter().any(|route| route.key == *key) {
            let problem = format!("RouteSettings are of {key}, which is no route");
            return Err(TemplateError::new("the API", problem));
        }
    }
    match template.routes.iter().find(|route| route.authorized) {
        Some(route) if template.authorizer.is_none() => Err(TemplateError::new(
            &route.key,
            "it needs an authorizer and the API has none",
        )),
        Some(_) | None => Ok(()),
    }
}

struct Check<'a> {
    template: &'a Template,
    place: &'a Place<'a>,
}

impl Check<'_> {
    fn has_queue(&self, name: &str) -> bool {
        self.template.queues.iter().any(|queue| queue.name == name)
    }

    fn dead_letters(&self) -> Result<(), TemplateError> {
        for queue in &self.template.queues {
            if let Some(redrive) = &queue.redrive
                && !self.has_queue(&redrive.dead_letter_queue)
            {
                return Err(TemplateError::new(
                    &queue.name,
                    "its dead-letter queue is not in the template",
                ));
            }
        }
        Ok(())
    }

    fn subscription(&self, subscription: &Subscription) -> Result<(), TemplateError> {
        let Subscription {
            topic_arn, queue, ..
        } = subscription;
        let at = format!("the subscription of {queue}");
        self.must_be_a_topic(&at, topic_arn)?;
        if !self.has_queue(queue) {
            return Err(TemplateError::new(at, "there is no such queue"));
        }
        self.must_allow(&Intent {
            service: "sns.amazonaws.com",
            action: "sqs:SendMessage",
            resource: &self.place.queue_arn(queue),
            source: topic_arn,
            account: self.place.account,
        })
    }

    fn receipt_rule(&self, rule: &ReceiptRule) -> Result<(), TemplateError> {
        let at = &rule.name;
        // In AWS one set is active, and whoever deploys says which.
        match self.template.rule_sets.as_slice() {
            [set] if *set == rule.rule_set => {}
            [_] | [] => {
                return Err(TemplateError::new(
                    at,
                    "its rule set is not in the template",
                ));
            }
            _ => {
                let problem = "the local host knows one rule set: all of them would be active";
                return Err(TemplateError::new(at, problem));
            }
        }
        let source = &self.place.receipt_rule_arn(&rule.rule_set, &rule.name);
        for action in &rule.actions {
            let bucket = &action.bucket;
            let mut buckets = self.template.buckets.iter();
            if !buckets.any(|other| other.name == *bucket) {
                let problem = format!("there is no bucket {bucket:?}");
                return Err(TemplateError::new(at, problem));
            }
            self.must_allow(&Intent {
                service: "ses.amazonaws.com",
                action: "s3:PutObject",
                resource: &format!("{}/{}x", bucket_arn(bucket), action.prefix),
                source,
                account: self.place.account,
            })?;
            if let Some(topic) = &action.topic_arn {
                self.must_be_a_topic(at, topic)?;
                self.must_let_ses_publish(topic, source)?;
            }
        }
        Ok(())
    }

    /// What comes back of mail that was sent.
    fn feedback(&self) -> Result<(), TemplateError> {
        for destination in &self.template.event_destinations {
            let set = &destination.configuration_set;
            self.must_be_a_configuration_set("an event destination", set)?;
            self.must_be_a_topic(set, &destination.topic_arn)?;
            let source = self.place.configuration_set_arn(set);
            self.must_let_ses_publish(&destination.topic_arn, &source)?;
        }
        for identity in &self.template.identities {
            if let Some(set) = &identity.configuration_set {
                self.must_be_a_configuration_set(&identity.name, set)?;
            }
        }
        Ok(())
    }

    fn must_be_a_topic(&self, at: &str, arn: &str) -> Result<(), TemplateError> {
        if self.template.topics.iter().any(|topic| topic == arn) {
            return Ok(());
        }
        let problem = format!("there is no topic with the ARN {arn:?}");
        Err(TemplateError::new(at, problem))
    }

    fn must_be_a_configuration_set(&self, at: &str, name: &str) -> Result<(), TemplateError> {
        let mut sets = self.template.configuration_sets.iter();
        if sets.any(|set| set == name) {
            return Ok(());
        }
        let problem = format!("there is no configuration set {name:?}");
        Err(TemplateError::new(at, problem))
    }

    fn must_let_ses_publish(&self, topic: &str, source: &str) -> Result<(), TemplateError> {
        self.must_allow(&Intent {
            service: "ses.amazonaws.com",
            action: "sns:Publish",
            resource: topic,
            source,
            account: self.place.account,
        })
    }

    /// A policy that is missing is an error here, and lost mail in AWS.
    fn must_allow(&self, intent: &Intent<'_>) -> Result<(), TemplateError> {
        let mut policies = self.template.policies.iter();
        if policies.any(|policy| policy.is_about(intent.resource) && policy.document.allows(intent))
        {
            return Ok(());
        }
        let problem = format!(
            "no policy of it allows {} to {} for {}",
            intent.service, intent.action, intent.source
        );
        Err(TemplateError::new(intent.resource, problem))
    }
}

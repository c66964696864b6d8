//! Metric math, as far as alarms need it: arithmetic, comparisons, `IF`, and the sum
//! of all metrics.

use std::collections::BTreeMap;

/// What is made of some metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression(Node);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Number(f64),
    /// A metric, by its id.
    Metric(String),
    /// The sum of all metrics that have a value.
    SumOfAll,
    Calculated(Box<Node>, Operator, Box<Node>),
    /// The second where the first is not zero, or else the third.
    If(Box<[Node; 3]>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Plus,
    Minus,
    Times,
    By,
    Compare(Comparison),
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Comparison {
    /// Whether it holds.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
        }
    }
}

impl Expression {
    /// Reads an expression; `None` where it is none, or not one that is known here.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text };
        let node = reader.comparison()?;
        reader.rest.trim().is_empty().then_some(Expression(node))
    }

    /// The ids of the metrics that it names.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.0.names(&mut names);
        names
    }

    /// What it comes to where these are the metrics; nothing where one that it needs
    /// has no value.
    pub fn value(&self, metrics: &BTreeMap<&str, Option<f64>>) -> Option<f64> {
        self.0.value(metrics).filter(|value| value.is_finite())
    }
}

impl Node {
    fn names<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Node::Number(_) | Node::SumOfAll => {}
            Node::Metric(name) => names.push(name),
            Node::Calculated(left, _, right) => {
                left.names(names);
                right.names(names);
            }
            Node::If(parts) => parts.iter().for_each(|part| part.names(names)),
        }
    }

    fn value(&self, metrics: &BTreeMap<&str, Option<f64>>) -> Option<f64> {
        match self {
            Node::Number(number) => Some(*number),
            Node::Metric(name) => metrics.get(name.as_str()).copied().flatten(),
            Node::SumOfAll => {
                let known = metrics.values().flatten();
                known.copied().reduce(|sum, value| sum + value)
            }
            Node::Calculated(left, operator, right) => {
                let (left, right) = (left.value(metrics)?, right.value(metrics)?);
                Some(match operator {
                    Operator::Plus => left + right,
                    Operator::Minus => left - right,
                    Operator::Times => left * right,
                    Operator::By => left / right,
                    Operator::Compare(how) => f64::from(u8::from(how.holds(left, right))),
                })
            }
            Node::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                if condition.value(metrics)? == 0.0 {
                    otherwise.value(metrics)
                } else {
                    then.value(metrics)
                }
            }
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// Takes a token, where it comes next.
    fn takes(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn one_of<T: Copy>(&mut self, tokens: &[(&str, T)]) -> Option<T> {
        let found = tokens.iter().find(|(token, _)| self.takes(token));
        found.map(|(_, meaning)| *meaning)
    }

    fn comparison(&mut self) -> Option<Node> {
        let left = self.sum()?;
        let signs = [
            (">=", Comparison::GreaterOrEqual),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            ("<", Comparison::Less),
        ];
        Some(match self.one_of(&signs) {
            Some(how) => {
                let right = Box::new(self.sum()?);
                Node::Calculated(Box::new(left), Operator::Compare(how), right)
            }
            None => left,
        })
    }

    fn sum(&mut self) -> Option<Node> {
        let mut left = self.product()?;
        while let Some(sign) = self.one_of(&[("+", Operator::Plus), ("-", Operator::Minus)]) {
            left = Node::Calculated(Box::new(left), sign, Box::new(self.product()?));
        }
        Some(left)
    }

    fn product(&mut self) -> Option<Node> {
        let mut left = self.factor()?;
        while let Some(sign) = self.one_of(&[("*", Operator::Times), ("/", Operator::By)]) {
            left = Node::Calculated(Box::new(left), sign, Box::new(self.factor()?));
        }
        Some(left)
    }

    fn factor(&mut self) -> Option<Node> {
        if self.takes("SUM(METRICS())") {
            return Some(Node::SumOfAll);
        }
        if self.takes("IF(") {
            let condition = self.comparison()?;
            let then = self.takes(",").then(|| self.comparison())??;
            let otherwise = self.takes(",").then(|| self.comparison())??;
            let all = Node::If(Box::new([condition, then, otherwise]));
            return self.takes(")").then_some(all);
        }
        if self.takes("(") {
            let inner = self.comparison()?;
            return self.takes(")").then_some(inner);
        }
        self.rest = self.rest.trim_start();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word.chars().next()? {
            '0'..='9' => word.parse().ok().map(Node::Number),
            'a'..='z' => Some(Node::Metric(word.to_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_worked_out() {
        let metrics = BTreeMap::from([
            ("refused", Some(30.0)),
            ("requests", Some(60.0)),
            ("none", Some(0.0)),
            ("unknown", None),
        ]);
        for (text, expected) in [
            ("1 + 2 * 3", Some(7.0)),
            ("(1 + 2) * 3 - 1", Some(8.0)),
            ("100 * refused / requests", Some(50.0)),
            (
                "IF(requests >= 50, 100 * refused / requests, 0)",
                Some(50.0),
            ),
            ("IF(requests < 50, 1, none)", Some(0.0)),
            ("SUM(METRICS())", Some(90.0)),
            ("refused / none", None),
            ("refused + unknown", None),
            ("refused + other", None),
        ] {
            let expression = Expression::parse(text).unwrap();
            assert_eq!(expression.value(&metrics), expected, "{text}");
        }
        for text in [
            "",
            "1 +",
            "(1",
            "ANOMALY_DETECTION_BAND(m1)",
            "1 2",
            "IF(1, 2)",
        ] {
            assert_eq!(Expression::parse(text), None, "{text}");
        }
        let named = Expression::parse("IF(a > 1, b, c)").unwrap();
        assert_eq!(named.names(), ["a", "b", "c"]);
    }
}

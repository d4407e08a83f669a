//! Patterns of actions and resources, most of them near the request.

use super::request::{ACCOUNT, ACTIONS, Asked, OTHER_ACCOUNT, RESOURCES};
use super::{Draw, Place};

/// Variables with a value, without one, with several, with a default; and the three that mean themselves.
pub(super) const VARIABLES: [&str; 10] = [
    "${aws:username}",
    "${aws:PrincipalTag/t}",
    "${aws:PrincipalTag/t}",
    "${AWS:principaltag/T}",
    "${aws:PrincipalTag/t, 'a'}",
    "${aws:PrincipalTag/none}",
    "${aws:PrincipalTag/none, 'a'}",
    "${*}",
    "${?}",
    "${$}",
];

impl Draw {
    pub(super) fn action_pattern(&mut self, asked: &Asked) -> String {
        let action = if self.percent(75) { asked.action.as_str() } else { self.pick(&ACTIONS) };
        let (service, name) = action.split_once(':').unwrap();
        match self.below(100) {
            0..=29 => action.to_owned(),
            30..=41 => "*".to_owned(),
            42..=57 => format!("{service}:*"),
            58..=69 => format!("{service}:{}*", &name[..self.below(name.len())]),
            70..=77 => format!("{service}:*{}", &name[self.below(name.len())..]),
            78..=83 => {
                let at = self.below(name.len());
                format!("{service}:{}?{}", &name[..at], &name[at + 1..])
            }
            84..=87 => format!("{service}:{name}?"),
            88..=92 => action.to_uppercase(),
            93..=95 => format!("{service}:{}", &name[..name.len() - 1]),
            96..=97 => format!("{service}:*{}*", &name[1..name.len() - 1]),
            _ => self.pick(&["*:*", "s*:*", "?3:Get*", "*:GetRole"]).to_owned(),
        }
    }

    /// Wildcards stand where the guide allows them: neither in the partition, the service nor the type of resource, and
    /// variables after the fifth colon only.
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.
    pub(super) fn resource_pattern(&mut self, place: Place, asked: &Asked) -> String {
        let near = asked.resource != "*" && self.percent(80);
        let arn = if near { asked.resource.as_str() } else { self.pick(&RESOURCES) };
        let mut parts: Vec<String> = arn.splitn(6, ':').map(str::to_owned).collect();
        let name = after_type(&parts);
        match self.below(100) {
            0..=19 => "*".to_owned(),
            20..=34 => arn.to_owned(),
            // Cut off, with a star for the rest.
            35..=41 => {
                let (service, resource) = (parts[..3].join(":").len(), parts[..5].join(":").len());
                let ends = (service + 1..=resource + 1).chain(resource + 1 + name..=arn.len());
                let at = self.pick_owned(&ends.collect::<Vec<_>>());
                format!("{}*", &arn[..at])
            }
            // Cut off after some part. Only the policies of identities are completed.
            42..=44 if place == Place::Identity => {
                let parts_left = 3 + self.below(3);
                parts[..parts_left].join(":")
            }
            // A star at the end of a part, maybe for several parts.
            45..=52 => {
                let part = 3 + self.below(2);
                let at = self.below(parts[part].len() + 1);
                parts[part].replace_range(at.., "*");
                if part == 3 && self.percent(30) {
                    parts.remove(part + 1);
                }
                parts.join(":")
            }
            // A star or question mark anywhere.
            53..=67 => {
                let part = 3 + self.below(3);
                let start = if part == 5 { name } else { 0 };
                let wildcards = self.pick(&["*", "*", "?", "**", "*?"]);
                self.put(&mut parts[part], start, wildcards);
                parts.join(":")
            }
            // A variable in the last part, alone or beside a star.
            68..=85 => {
                let (variable, star) = (self.pick(&VARIABLES), self.pick(&["", "", "*"]));
                self.put(&mut parts[5], name, &format!("{variable}{star}"));
                parts.join(":")
            }
            86..=89 => format!("{arn}:*"),
            90..=92 => format!("{arn}{}", self.pick(&["/*", "?", "b"])),
            93..=95 => {
                parts[4] = self.pick(&["*", ACCOUNT, OTHER_ACCOUNT, ""]).to_owned();
                parts.join(":")
            }
            96..=98 => {
                parts[5] = parts[5].to_uppercase();
                parts.join(":")
            }
            _ => arn.replacen(":aws:", ":aws-cn:", 1),
        }
    }

    /// Replaces a stretch of the text from `start` on, maybe an empty one.
    pub(super) fn put(&mut self, text: &mut String, start: usize, what: &str) {
        let at = start + self.below(text.len() - start + 1);
        let until = at + self.below(text.len() - at + 1);
        text.replace_range(at..until, what);
    }
}

/// Where in the last part the type of resource ends, as in `function:` and `key/`. S3 and SQS have none.
fn after_type(parts: &[String]) -> usize {
    match parts[2].as_str() {
        "s3" | "sqs" => 0,
        _ => parts[5].find([':', '/']).map_or(0, |separator| separator + 1),
    }
}

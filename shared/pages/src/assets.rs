//! Styles and scripts. All of an edition stand under one address that changes
//! with any of them, so that a copy is good for ever, and scripts name each other
//! as they are.

/// A style sheet or a script.
pub struct Asset {
    pub name: &'static str,
    pub content_type: &'static str,
    pub plain: &'static str,
    pub gzipped: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The asset of this name.
pub fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// What a page may transfer, compressed, in bytes.
    #[test]
    fn styles_and_scripts_weigh_little() {
        let weight = |kind: &str| -> usize {
            let of_kind = ASSETS.iter().filter(|asset| asset.name.ends_with(kind));
            of_kind.map(|asset| asset.gzipped.len()).sum()
        };
        let (styles, scripts) = (weight(".css"), weight(".js"));
        assert!(styles <= 15_000, "the styles weigh {styles}");
        assert!(scripts <= 25_000, "the scripts weigh {scripts}");
    }

    #[test]
    fn styles_are_sent_without_what_is_said_of_them() {
        let sent = asset("mesa.css").unwrap().plain;
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let layers = ["tokens.css", "base.css", "components.css", "pages.css"];
        let sources = layers.map(|layer| fs::read_to_string(sources.join(layer)).unwrap());
        let count = |sign| -> usize { sources.iter().map(|of| of.matches(sign).count()).sum() };
        assert_eq!(count("/*"), count("*/"));
        assert!(!sent.contains("/*") && !sent.contains("*/"), "{sent}");
        assert_eq!(sent.matches('{').count(), count("{"));
        assert_eq!(sent.matches('}').count(), count("}"));
    }

    #[test]
    fn scripts_are_sent_line_by_line_without_what_is_said_of_them() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let scripts = ASSETS.iter().filter(|asset| asset.name.ends_with(".js"));
        for asset in scripts {
            let source = fs::read_to_string(sources.join(asset.name)).unwrap();
            assert_eq!(source.lines().count(), asset.plain.lines().count());
            for (number, (line, sent)) in source.lines().zip(asset.plain.lines()).enumerate() {
                let at = format!("{}:{}", asset.name, number + 1);
                assert!(sent.is_empty() || line.ends_with(sent), "{at}: {sent}");
                let is_comment = ["//", "/*", "* "]
                    .iter()
                    .any(|c| sent.trim_start().starts_with(c));
                assert!(!is_comment, "{at}: {sent}");
                // What is left out is a comment, or the end of one.
                let was_one = ["//", "/*", "*"]
                    .iter()
                    .any(|c| line.trim_start().starts_with(c));
                assert!(sent == line.trim_start() || was_one, "{at}: {line}");
            }
        }
    }
}

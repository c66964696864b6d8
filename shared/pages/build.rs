//! Puts the styles and scripts together, without their comments: one style sheet of all layers, every
//! script by itself, each as it is and compressed, and one word for this edition
//! of them all, which stands in their addresses.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zopfli::{Format, Options};

/// The layers, in the order in which they cover each other.
const LAYERS: [&str; 4] = ["tokens.css", "base.css", "components.css", "pages.css"];

const STYLES: &str = "mesa.css";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=assets");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let assets = Path::new("assets");
    let mut files = vec![(STYLES.to_owned(), styles(assets)?)];
    let mut scripts: Vec<PathBuf> = fs::read_dir(assets)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    scripts.retain(|path| path.extension().is_some_and(|kind| kind == "js"));
    scripts.sort_unstable();
    for path in scripts {
        let name = path.file_name().and_then(|name| name.to_str());
        files.push((
            name.ok_or("a name that is no text")?.to_owned(),
            bare(&fs::read_to_string(&path)?).into_bytes(),
        ));
    }
    let mut edition = Sha256::new();
    let mut code = String::new();
    for (name, plain) in &files {
        edition.update(name);
        edition.update(plain);
        fs::write(out.join(name), plain)?;
        let packed = format!("{name}.gz");
        fs::write(out.join(&packed), gzipped(plain)?)?;
        let kind = match name.ends_with(".css") {
            true => "text/css; charset=utf-8",
            false => "text/javascript; charset=utf-8",
        };
        writeln!(
            code,
            "Asset {{ name: {name:?}, content_type: {kind:?}, plain: include_str!({:?}), gzipped: include_bytes!({:?}) }},",
            out.join(name),
            out.join(packed),
        )?;
    }
    let edition = data_encoding::HEXLOWER.encode(&edition.finalize()[..6]);
    let code =
        format!("pub const EDITION: &str = {edition:?};\n\nstatic ASSETS: &[Asset] = &[{code}];\n");
    fs::write(out.join("assets.rs"), code)?;
    Ok(())
}

/// A script or styles without their comments, which are for us: they would be a quarter of
/// what is sent; and without what its lines are indented by. The lines stay where they are, so
/// that what a browser says of one is found.
/// Comments stand on lines of their own (`scripts/check-pages` formats them so), and no
/// text in them begins a line like one.
fn bare(script: &str) -> String {
    let mut bare = String::with_capacity(script.len());
    let mut within = false;
    for line in script.lines() {
        let start = line.trim_start();
        let opens = start.starts_with("/*");
        let code = match (within || opens, line.split_once("*/")) {
            (true, Some((_, code))) => {
                within = false;
                code.trim_start()
            }
            (true, None) => {
                within = true;
                ""
            }
            (false, _) if start.starts_with("//") => "",
            (false, _) => start,
        };
        bare.push_str(code);
        bare.push('\n');
    }
    bare
}

fn styles(assets: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut all = Vec::new();
    for layer in LAYERS {
        let source = fs::read_to_string(assets.join(layer));
        let source = source.map_err(|error| format!("{layer}: {error}"))?;
        all.extend(bare(&source).into_bytes());
    }
    Ok(all)
}

/// As small as deflate gets it: this is done once, and read by every browser.
fn gzipped(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    zopfli::compress(Options::default(), Format::Gzip, plain, &mut packed)?;
    Ok(packed)
}

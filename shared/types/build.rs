//! Reads what ships, the catalogue and the formats, which people write as TOML, and writes
//! it as the JSON that the program reads anyway: no function carries a reader of its own
//! for it, nor runs one at each start.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let infra = Path::new("../../infra");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let formats = infra.join("formats");
    let mut schemas = Vec::new();
    for file in fs::read_dir(&formats)? {
        schemas.push(file?.path());
    }
    let systems = formats.join("systems.toml");
    schemas.retain(|path| *path != systems);
    schemas.sort_unstable();
    let schemas: Vec<_> = schemas
        .iter()
        .map(|path| read(path))
        .collect::<Result<_, _>>()?;
    write(
        &out.join("catalog.json"),
        &read(&infra.join("catalog.toml"))?,
    )?;
    write(&out.join("systems.json"), &read(&systems)?)?;
    write(&out.join("formats.json"), &toml::Value::Array(schemas))?;
    println!("cargo::rerun-if-changed={}", formats.display());
    Ok(())
}

fn read(path: &Path) -> Result<toml::Value, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", path.display());
    let text = fs::read_to_string(path)?;
    toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn write(path: &Path, value: &toml::Value) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(path, serde_json::to_vec(value)?)?)
}

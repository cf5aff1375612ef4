//! What is generated, and that Python and JavaScript can read it.

use super::*;
use crate::codes::Catalogue;
use std::process::{Command, Output};

fn row(code: u32, name: &str, text: &str) -> CodeRow {
    CodeRow {
        code,
        http_status: 404,
        status: "error".to_owned(),
        name: name.to_owned(),
        source: "Code".to_owned(),
        description: None,
        texts: [("zh-CN".to_owned(), text.to_owned())].into(),
    }
}

/// Names and texts that would break out of a carelessly written file.
fn nasty() -> Vec<CodeRow> {
    let mut rows = vec![
        row(404_101, "NoUser", "没有\n\"*/ | \\用户 \u{2028}"),
        row(404_102, "None", "无"),
        row(404_103, "Gone", "a"),
        row(410_101, "Gone", "b"),
        row(500_101, "name", ""),
    ];
    rows[1].description = Some("two\nlines \"\"\" */ #".to_owned());
    rows
}

/// The built-in codes.
fn built_in() -> Vec<CodeRow> {
    let catalogue = Catalogue::new([]).unwrap();
    let texts = crate::language::Texts::built_in();
    let entries = catalogue.0.values();
    entries
        .map(|entry| entry.row(entry.number, texts.written(entry.number)))
        .collect()
}

#[test]
fn the_generated_files() {
    let rows = nasty();
    insta::assert_snapshot!("typescript", typescript(&rows));
    insta::assert_snapshot!("python", python(&rows));
    insta::assert_snapshot!("markdown", markdown(&rows));
    insta::assert_snapshot!("table", table(&rows));
}

#[test]
fn nothing_but_the_codes_changes_a_file() {
    for write in [typescript, python, markdown, table] {
        assert_eq!(write(&built_in()), write(&built_in()));
    }
}

/// Runs a program that may not be there; `None` then, and what is written is checked by the
/// snapshots alone.
fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("{program} is not installed: the generated code was not run");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

fn succeeded(output: Option<Output>) {
    let Some(output) = output else { return };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

#[test]
fn python_reads_it() {
    let module = python(&nasty());
    let checks = "assert Code(404101) is Code.NoUser and Code.None_ == 404102\n\
        assert Code.Gone_410101 == 410101 and Code.name_ == 500101\n\
        assert CODE_TEXTS[404101]['zh-CN'] == '没有\\n\"*/ | \\\\用户 \\u2028'\n";
    succeeded(run("python3", &["-c", &format!("{module}\n{checks}")]));
    let module = python(&built_in());
    let checks = "assert Code.HTTP_404_NOT_FOUND == 404 and CODE_TEXTS[404]['en'] == 'Not Found'\n";
    succeeded(run("python3", &["-c", &format!("{module}\n{checks}")]));
}

/// Without its types a TypeScript module is JavaScript.
fn without_types(module: &str) -> String {
    let kept = module
        .lines()
        .filter(|line| !line.starts_with("export type "));
    let text = kept.collect::<Vec<_>>().join("\n");
    text.replace("} as const;", "};").replace(
        ": Readonly<Record<Code, Readonly<Record<string, string>>>> = {",
        " = {",
    )
}

#[test]
fn javascript_reads_it() {
    for (rows, checks) in [
        (
            nasty(),
            "if (Code.NoUser !== 404101 || Code.None !== 404102 || Code.Gone_410101 !== 410101) throw 1;\n\
             if (codeTexts[404101]['zh-CN'] !== '没有\\n\"*/ | \\\\用户 \\u2028') throw 2;",
        ),
        (
            built_in(),
            "if (Code.HTTP_404_NOT_FOUND !== 404 || codeTexts[404].en !== 'Not Found') throw 3;",
        ),
    ] {
        let module = format!("{}\n{checks}", without_types(&typescript(&rows)));
        succeeded(run("node", &["--input-type=module", "--eval", &module]));
    }
}

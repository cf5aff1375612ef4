//! Tests of the list of differences, the checked-in one included.

use serde_json::json;

use super::*;
use crate::golden::client::Answer;
use crate::golden::matcher::Base;

const DEFECTS: &str = "H1 M errors are 200\nT4 M no content. T5 M codes\n";

fn differences(text: &str) -> Differences {
    Differences::parse(text, DEFECTS).unwrap()
}

fn case(name: &str) -> Case {
    serde_json::from_value(json!({
        "name": name, "request": {"method": "GET", "path": "/demo/nope"},
        "response": {"status": 404, "headers": {}, "json": {"detail": "Not Found"}}
    }))
    .unwrap()
}

fn judge(list: &Differences, name: &str, mismatches: &[Mismatch], answer: &Answer) -> Judgement {
    let base = Base::new("http://h:1");
    let observed = Observed {
        answer: Some(answer),
        log: None,
        start_output: None,
        base: &base,
    };
    list.judge(
        "http_main.json",
        &case(name),
        mismatches.to_vec(),
        &observed,
    )
}

fn enveloped() -> Answer {
    Answer {
        status: 404,
        body: br#"{"code":404,"message":"m"}"#.to_vec(),
        ..Answer::default()
    }
}

#[test]
fn star_stands_for_any_text() {
    assert!(
        glob("*", "")
            && glob("a*c", "abc")
            && glob("a*", "a")
            && glob("*b*", "abc")
            && glob("a", "a")
    );
    assert!(!glob("a", "ab") && !glob("a*c", "ab") && !glob("*x*", "abc") && !glob("", "a"));
    assert!(glob("a*b*b", "abb") && !glob("ab*b", "ab"));
}

#[test]
fn reasons_must_be_known() {
    for reason in ["H1", "T5", "part 2", "H1, T4"] {
        let text = format!("[[difference]]\nreason = \"{reason}\"\ninstead = \"x\"");
        assert!(Differences::parse(&text, DEFECTS).is_ok(), "{reason}");
    }
    for reason in ["H2", "because", "M", "part x", ""] {
        let text = format!("[[difference]]\nreason = \"{reason}\"\ninstead = \"x\"");
        assert!(Differences::parse(&text, DEFECTS).is_err(), "{reason}");
    }
}

#[test]
fn a_difference_must_be_the_decided_one() {
    let list = differences(
        "[[difference]]\nwhen = { status = 404, json-subset = { detail = \"Not Found\" } }\nreason = \"H1\"\n\
         instead = \"envelope\"\nexpect = { status = 404, json-subset = { code = 404 } }",
    );
    let wrong = [Mismatch::new("json.detail", "missing")];
    assert!(matches!(
        judge(&list, "a", &wrong, &enveloped()),
        Judgement::Deliberate { later: false, .. }
    ));
    let plain = Answer {
        status: 404,
        body: b"{}".to_vec(),
        ..Answer::default()
    };
    assert!(matches!(
        judge(&list, "a", &wrong, &plain),
        Judgement::Failed(_)
    ));
    assert!(matches!(judge(&list, "a", &[], &plain), Judgement::Passed));
}

#[test]
fn only_the_named_places_may_differ() {
    let list = differences(
        "[[difference]]\ncase = [\"a\", \"b*\"]\nreason = \"H1\"\ninstead = \"x\"\ndiffers = [\"json.data\"]",
    );
    let below = [Mismatch::new("json.data.0", "x")];
    let beside = [
        Mismatch::new("json.data.0", "x"),
        Mismatch::new("json.database", "x"),
    ];
    assert!(matches!(
        judge(&list, "bc", &below, &enveloped()),
        Judgement::Deliberate { .. }
    ));
    assert!(matches!(
        judge(&list, "c", &below, &enveloped()),
        Judgement::Failed(_)
    ));
    let Judgement::Failed(failures) = judge(&list, "a", &beside, &enveloped()) else {
        panic!()
    };
    assert_eq!(failures.len(), 1);
}

#[test]
fn an_entry_that_names_the_case_goes_before_general_ones() {
    let list = differences(
        "[[difference]]\nreason = \"H1\"\ninstead = \"x\"\nexpect = { status = 200 }\n\
         [[difference]]\ncase = \"a\"\nreason = \"T5\"\ninstead = \"x\"\nexpect = { status = 404 }",
    );
    let wrong = [Mismatch::new("json", "x")];
    let Judgement::Deliberate { reasons, .. } = judge(&list, "a", &wrong, &enveloped()) else {
        panic!()
    };
    assert_eq!(reasons, ["T5"]);
    assert!(matches!(
        judge(&list, "b", &wrong, &enveloped()),
        Judgement::Failed(_)
    ));
}

#[test]
fn the_checked_in_list_is_valid_and_selects_cases() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let list =
        Differences::read(&golden.join("differences.toml"), &golden.join("DEFECTS.md")).unwrap();
    let (files, _) = crate::golden::sort_files(&golden.join("cases")).unwrap();
    for path in files {
        let crate::golden::CaseFile::Http(cases) = crate::golden::case::read(&path).unwrap() else {
            panic!()
        };
        let name = crate::golden::file_name(&path);
        for case in &cases {
            list.entries
                .iter()
                .filter(|e| e.selects(&name, case))
                .for_each(|e| e.used.set(true));
        }
    }
    let idle: Vec<_> = list
        .entries
        .iter()
        .filter(|e| !e.used.get() && !e.foreseen)
        .map(Entry::title)
        .collect();
    assert_eq!(idle, Vec::<String>::new());
}

#[test]
fn a_service_that_does_not_answer_is_never_excused_by_the_way() {
    let list = differences("[[difference]]\nreason = \"part 2\"\ninstead = \"x\"");
    let dead = [Mismatch::new("request", "failed: connection refused")];
    assert!(matches!(
        judge(&list, "a", &dead, &enveloped()),
        Judgement::Failed(_)
    ));
    let other = [Mismatch::new("status", "x")];
    assert!(matches!(
        judge(&list, "a", &other, &enveloped()),
        Judgement::Deliberate { later: true, .. }
    ));
}

#[test]
fn tolerated_headers_are_no_difference() {
    let list = differences(
        "[[difference]]\nheaders = [\"x-request-id\"]\nreason = \"H1\"\ninstead = \"x\"",
    );
    let extra = [Mismatch::unexpected("header x-request-id", "unexpected")];
    let wrong = [Mismatch::new("header x-request-id", "want a got b")];
    assert!(matches!(
        judge(&list, "a", &extra, &enveloped()),
        Judgement::Passed
    ));
    assert!(matches!(
        judge(&list, "a", &wrong, &enveloped()),
        Judgement::Failed(_)
    ));
}

#[test]
fn a_refused_start_is_excused_only_where_it_is_expected() {
    let list = differences(
        "[[difference]]\ncase = \"a\"\nreason = \"H1\"\ninstead = \"x\"\n\
         [[difference]]\ncase = \"b\"\nreason = \"H1\"\ninstead = \"x\"\n\
         expect = { start = \"refused\", output = \"<ANY>flyer_auth_user<ANY>\" }",
    );
    let base = Base::new("http://h:1");
    let refused = |output| Observed {
        answer: None,
        log: None,
        start_output: Some(output),
        base: &base,
    };
    let start = || vec![Mismatch::new("start", "refused")];
    let judge = |name: &str, o: &Observed<'_>| list.judge("f", &case(name), start(), o);
    assert!(matches!(
        judge("a", &refused("flyer_auth_user")),
        Judgement::Failed(_)
    ));
    assert!(matches!(
        judge("b", &refused("x flyer_auth_user y")),
        Judgement::Deliberate { .. }
    ));
    assert!(matches!(
        judge("b", &refused("something else")),
        Judgement::Failed(_)
    ));
}

#[test]
fn entries_that_excuse_nothing_are_stale() {
    let list = differences(
        "[[difference]]\nfile = \"http_main.json\"\ncase = \"used\"\nreason = \"H1\"\ninstead = \"x\"\n\
         [[difference]]\nfile = \"http_main.json\"\ncase = \"passes\"\nreason = \"H1\"\ninstead = \"x\"\n\
         [[difference]]\nfile = \"http_main.json\"\ncase = \"absent\"\nreason = \"H1\"\ninstead = \"x\"\n\
         [[difference]]\nfile = \"http_main.json\"\ncase = \"unseen\"\nreason = \"H1\"\ninstead = \"x\"\nforeseen = true\n\
         [[difference]]\nfile = \"http_other.json\"\nreason = \"H1\"\ninstead = \"x\"",
    );
    judge(&list, "used", &[Mismatch::new("json", "x")], &enveloped());
    judge(&list, "passes", &[], &enveloped());
    let files = ["http_main.json".to_owned()];
    assert_eq!(list.stale(&files, Extent::Foreign).len(), 1);
    assert_eq!(list.stale(&files, Extent::CheckedIn).len(), 2);
    assert_eq!(list.stale(&files, Extent::AllCheckedIn).len(), 3);
}

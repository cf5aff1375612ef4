//! The verb `tasks`: the jobs that the program declares, or with `--live` those of the running service.

use super::{live, print};
use crate::{FlyerApi, Result, StartError, jobs::Declaration};
use serde_json::{Value, json};

impl FlyerApi {
    pub(super) fn print_tasks(self, live: bool, json: bool) -> Result<()> {
        let jobs = if live {
            let settings = self.loaded()?.settings;
            let answer =
                live::get(&settings, "/tasks").map_err(|text| StartError::new(vec![text]))?;
            jobs_of(&answer).cloned().unwrap_or_default()
        } else {
            let app = self.inspected()?;
            app.core.jobs.declarations().iter().map(declared).collect()
        };
        if json {
            return print(&serde_json::to_string_pretty(&jobs)?);
        }
        let columns: &[_] = if live {
            &["id", "nextRunTime", "trigger", "maxInstances", "name"]
        } else {
            &["id", "app", "singleJob", "nextRunTime", "schedule", "name"]
        };
        print(&table(columns, &jobs))
    }
}

fn declared(declaration: &Declaration) -> Value {
    let Declaration {
        app,
        id,
        name,
        schedule,
        single_job,
        next_run_time,
    } = declaration;
    json!({
        "id": id,
        "app": app,
        "name": name,
        "schedule": schedule,
        "singleJob": single_job,
        "nextRunTime": next_run_time,
    })
}

/// The list of jobs in an answer. Where it stands depends on the response options: it is the first list
/// whose rows have what a job has.
fn jobs_of(answer: &Value) -> Option<&Vec<Value>> {
    match answer {
        Value::Array(rows) if rows.iter().all(|row| row["id"].is_string()) => Some(rows),
        Value::Array(rows) => rows.iter().find_map(jobs_of),
        Value::Object(fields) => fields.values().find_map(jobs_of),
        _ => None,
    }
}

/// Columns of fields, each as wide as its widest; the last one ends as it ends.
fn table(columns: &[&str], jobs: &[Value]) -> String {
    let head = columns.iter().map(|column| heading(column)).collect();
    let rows: Vec<Vec<String>> = std::iter::once(head)
        .chain(jobs.iter().map(|job| {
            let cells = columns.iter().map(|column| cell(&job[column]));
            cells.collect()
        }))
        .collect();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&widths);
            let cells: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

/// `nextRunTime` is `NEXT RUN TIME`.
fn heading(column: &str) -> String {
    let mut text = String::new();
    for character in column.chars() {
        if character.is_ascii_uppercase() {
            text.push(' ');
        }
        text.push(character.to_ascii_uppercase());
    }
    text
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_found_wherever_it_stands() {
        let rows = json!([{"id": "a", "nextRunTime": null}]);
        for answer in [
            json!({"status": "success", "code": 200, "data": {"data": rows}, "error": {}}),
            json!({"code": 200, "message": "", "data": rows}),
            json!({"ok": true, "rows": rows}),
            rows.clone(),
        ] {
            assert_eq!(jobs_of(&answer), rows.as_array(), "{answer}");
        }
        assert_eq!(jobs_of(&json!({"data": {"data": []}})), Some(&vec![]));
        assert_eq!(jobs_of(&json!({"code": 200})), None);
    }

    #[test]
    fn columns_line_up() {
        let jobs = [
            json!({"id": "a", "singleJob": true, "name": "一"}),
            json!({"id": "longer", "singleJob": false, "name": "b"}),
        ];
        assert_eq!(
            table(&["id", "singleJob", "nextRunTime", "name"], &jobs),
            "ID      SINGLE JOB  NEXT RUN TIME  NAME\n\
             a       yes         -              一\n\
             longer  no          -              b"
        );
    }
}

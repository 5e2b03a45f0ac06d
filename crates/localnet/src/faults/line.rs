//! What becomes of an answer on its way: the part of the faults that is about form, not content.

use serde_json::{Value, json};

use super::{Faults, Garble, Refusal};

/// What is sent back for one packet of questions.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// This text.
    Text(String),
    /// An HTTP status, perhaps with the seconds after which to ask again.
    Status(u16, Option<u64>),
    /// The connection breaks in the middle of this text.
    Break(String),
    /// Nothing, ever.
    Silence,
}

/// What is said without asking the chain at all, given which request this is.
pub(super) fn refused(faults: &Faults, packet: &Value) -> Option<Reply> {
    if faults.garble == Some(Garble::Silence) {
        return Some(Reply::Silence);
    }
    match faults.refusal.as_ref()? {
        Refusal::Status { code, retry_after } => Some(Reply::Status(*code, *retry_after)),
        Refusal::Error { code, message } => {
            let error = json!({ "code": code, "message": message });
            let refuse = |question: &Value| json!({ "jsonrpc": "2.0", "id": question["id"], "error": error });
            Some(Reply::Text(each(packet, refuse).to_string()))
        }
    }
}

/// How the answers are sent back, given which request this is.
pub(super) fn sent(faults: &Faults, answers: &Value, request: u64) -> Reply {
    let text = spoilt(faults.garble, answers);
    if faults
        .breaks_every
        .is_some_and(|every| request.is_multiple_of(every.max(1)))
    {
        let half = text.get(..text.len() / 2).unwrap_or_default().to_owned();
        return Reply::Break(half);
    }
    Reply::Text(text)
}

fn spoilt(garble: Option<Garble>, answers: &Value) -> String {
    let with_result = |result: Value| {
        let replace = |answer: &Value| {
            let mut answer = answer.clone();
            answer["result"] = result.clone();
            answer
        };
        each(answers, replace).to_string()
    };
    match garble {
        None | Some(Garble::Silence) => answers.to_string(),
        Some(Garble::Truncated) => {
            let text = answers.to_string();
            text.get(..text.len() / 2).unwrap_or_default().to_owned()
        }
        Some(Garble::NotJson) => "<html><body>502 Bad Gateway</body></html>".to_owned(),
        Some(Garble::WrongId) => {
            let other = |answer: &Value| {
                let mut answer = answer.clone();
                answer["id"] = json!(answer["id"].as_u64().unwrap_or_default() + 1_000_000);
                answer
            };
            each(answers, other).to_string()
        }
        // Valid and right, but for its length; once for a whole batch.
        Some(Garble::Huge(bytes)) => format!("{answers}{}", " ".repeat(bytes)),
        // Text, since building and dropping such a value would take a stack as deep.
        Some(Garble::Deep(depth)) => {
            let nest = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            with_result(json!("NEST")).replace("\"NEST\"", &nest)
        }
        Some(Garble::Null) => with_result(Value::Null),
    }
}

/// A packet with each of its parts replaced.
fn each(packet: &Value, replace: impl Fn(&Value) -> Value) -> Value {
    match packet {
        Value::Array(parts) => Value::Array(parts.iter().map(replace).collect()),
        part => replace(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_spoilt_as_the_faults_say() {
        let answer = json!({ "jsonrpc": "2.0", "id": 7, "result": "0x1" });
        let text = |faults: &Faults| match sent(faults, &answer, 1) {
            Reply::Text(text) => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(text(&Faults::default()), answer.to_string());
        let truncated = text(&Faults::garbles(Garble::Truncated));
        serde_json::from_str::<Value>(&truncated).unwrap_err();
        let wrong: Value = serde_json::from_str(&text(&Faults::garbles(Garble::WrongId))).unwrap();
        assert_eq!(wrong["id"], 1_000_007);
        assert!(text(&Faults::garbles(Garble::Huge(5_000))).len() > 5_000);
        assert!(text(&Faults::garbles(Garble::Deep(9))).contains("[[[[[[[[[]]]]]]]]]"));
        let breaks = Faults {
            breaks_every: Some(2),
            ..Faults::default()
        };
        assert!(matches!(sent(&breaks, &answer, 1), Reply::Text(_)));
        assert!(matches!(sent(&breaks, &answer, 2), Reply::Break(_)));
    }

    #[test]
    fn a_refusal_answers_every_question_of_a_batch() {
        let faults = Faults::refuses(Refusal::Error {
            code: -32005,
            message: "too many requests",
        });
        let batch = json!([{ "id": 1, "method": "a" }, { "id": 2, "method": "b" }]);
        let Some(Reply::Text(text)) = refused(&faults, &batch) else {
            panic!("it does not refuse")
        };
        let answers: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&answers[0]["id"], &answers[1]["id"]),
            (&json!(1), &json!(2))
        );
        assert_eq!(answers[1]["error"]["code"], -32005);
    }
}

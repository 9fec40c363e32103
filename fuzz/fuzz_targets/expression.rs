//! An expression: read, its names looked at, evaluated; and a text with expressions in it.
#![no_main]

use kiln::recipe::expr::{Piece, Value, eval, parse, split, static_check, version_cmp};
use libfuzzer_sys::fuzz_target;

fn lookup(name: &str) -> Result<Value, String> {
    match name {
        "flag" => Ok(Value::Bool(true)),
        "list" => Ok(Value::List(vec!["a".to_owned(), "나".to_owned()])),
        "none" => Err("there is none".to_owned()),
        _ => Ok(Value::Text(name.to_owned())),
    }
}

fuzz_target!(|text: &str| {
    match parse(text) {
        Ok(expr) => {
            static_check(&expr, &mut |name, at| assert_eq!(&text[at.clone()], name));
            if let Err(error) = eval(&expr, &mut lookup) {
                assert!(text.get(error.at).is_some());
            }
        }
        Err(error) => assert!(text.get(error.at).is_some()),
    }
    match split(text) {
        Ok(template) => {
            for piece in &template.pieces {
                if let Piece::Expr(expr, at) = piece {
                    assert!(text.get(at + expr.at.start..at + expr.at.end).is_some());
                }
            }
        }
        Err(error) => assert!(text.get(error.at).is_some()),
    }
    if let Some((left, right)) = text.split_once(' ') {
        let order = version_cmp(left, right);
        assert_eq!(version_cmp(right, left), order.reverse());
    }
});

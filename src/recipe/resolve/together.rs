//! The values of several platforms as one tree: what is equal once, what differs under `match: platform`.
//!
//! The result is a recipe again, since a conditional value may stand wherever a value may. Lists are laid
//! side by side, so that one step that differs does not make the others differ.

use super::tree::{Entry, Origin, Tree, TreeKind};
use crate::oci::Platform;
use crate::schema::WORDS;

/// A value per platform; nothing for a platform that has none here.
type Side<'t> = Vec<Option<&'t Tree>>;

/// One tree of several platforms' trees. Nothing comes back without a platform.
pub fn together(platforms: &[(Platform, Tree)]) -> Option<Tree> {
    let names: Vec<String> = platforms
        .iter()
        .map(|(platform, _)| platform.to_string())
        .collect();
    let side = platforms.iter().map(|(_, tree)| Some(tree)).collect();
    merged(&names, &side)
}

fn merged(names: &[String], side: &Side<'_>) -> Option<Tree> {
    let present: Vec<&Tree> = side.iter().copied().flatten().collect();
    let first = *present.first()?;
    if present.len() == side.len() {
        if present.iter().all(|tree| tree.says(first)) {
            return Some(first.clone());
        }
        if present.iter().all(|tree| tree.entries().is_some()) {
            return Some(Tree::new(first.origin.clone(), maps(names, &present)));
        }
        let lists: Vec<&[Tree]> = present.iter().filter_map(|tree| items(tree)).collect();
        if lists.len() == present.len() {
            let merged = grouped(names, &slots(&lists));
            return Some(Tree::new(first.origin.clone(), TreeKind::List(merged)));
        }
    }
    Some(by_platform(names, side))
}

/// What differs: a case per platform, or a condition where only one has a value.
fn by_platform(names: &[String], side: &Side<'_>) -> Tree {
    let cases: Vec<(String, Tree)> = names
        .iter()
        .zip(side)
        .filter_map(|(name, tree)| Some((name.clone(), (*tree)?.clone())))
        .collect();
    let word = |text: &str| Tree::text(Origin::Shown, text);
    if cases.len() == names.len() {
        return Tree::shown([
            ("match".to_owned(), word("platform")),
            ("cases".to_owned(), Tree::shown(cases)),
        ]);
    }
    let same = cases.iter().all(|(_, tree)| tree.says(&cases[0].1));
    let listed: Vec<String> = cases
        .iter()
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    let condition = match listed.as_slice() {
        [one] => format!("platform == {one}"),
        some => format!("platform in [{}]", some.join(", ")),
    };
    let then = if same {
        cases.into_iter().next().map(|(_, tree)| tree)
    } else {
        let choice = [
            ("match".to_owned(), word("platform")),
            ("cases".to_owned(), Tree::shown(cases)),
        ];
        Some(Tree::shown(choice))
    };
    let condition = ("if".to_owned(), word(&condition));
    Tree::shown(std::iter::once(condition).chain(then.map(|then| ("then".to_owned(), then))))
}

/// Key by key, in the order of the first platform that has the key.
fn maps(names: &[String], trees: &[&Tree]) -> TreeKind {
    let mut keys: Vec<&Entry> = Vec::new();
    for tree in trees {
        let mut at = 0;
        for entry in tree.entries().unwrap_or_default() {
            let known = keys.iter().position(|known| known.key == entry.key);
            if known.is_none() {
                keys.insert(at, entry);
            }
            at = known.unwrap_or(at) + 1;
        }
    }
    let value = |entry: &&Entry| {
        let side = trees.iter().map(|tree| tree.get(&entry.key)).collect();
        Some(Entry {
            key: entry.key.clone(),
            origin: entry.origin.clone(),
            value: merged(names, &side)?,
        })
    };
    TreeKind::Map(keys.iter().filter_map(value).collect())
}

fn items(tree: &Tree) -> Option<&[Tree]> {
    match &tree.kind {
        TreeKind::List(items) => Some(items),
        _ => None,
    }
}

/// The items of some slots. Neighbours that one and the same platform has alone share a condition.
fn grouped(names: &[String], slots: &[Side<'_>]) -> Vec<Tree> {
    let alone = |slot: &Side<'_>| {
        let mut present = slot.iter().enumerate().filter(|(_, tree)| tree.is_some());
        let first = present.next().map(|(number, _)| number);
        first.filter(|_| present.next().is_none() && slot.len() > 1)
    };
    let mut all = Vec::new();
    for run in slots.chunk_by(|a, b| alone(a).is_some() && alone(a) == alone(b)) {
        let [first, _, ..] = run else {
            all.extend(merged(names, &run[0]));
            continue;
        };
        let items: Vec<Tree> = run.iter().flatten().flatten().copied().cloned().collect();
        let list = Tree::new(items[0].origin.clone(), TreeKind::List(items));
        let side = first.iter().map(|tree| tree.map(|_| &list)).collect();
        all.push(by_platform(names, &side));
    }
    all
}

/// Lists side by side: each slot holds what belongs together.
fn slots<'t>(lists: &[&'t [Tree]]) -> Vec<Side<'t>> {
    let mut all: Vec<Side<'t>> = Vec::new();
    for (number, list) in lists.iter().enumerate() {
        all = joined(&all, list, number);
        for slot in &mut all {
            slot.resize(number + 1, None);
        }
    }
    all
}

/// Lays one more list beside the slots: equal items first, then alike ones between two equal ones.
fn joined<'t>(slots: &[Side<'t>], list: &'t [Tree], number: usize) -> Vec<Side<'t>> {
    let beside = |slots: &[Side<'t>], list: &'t [Tree], all: &mut Vec<Side<'t>>| {
        between(slots, list, alike, all, &|slots, list, all| {
            all.extend(slots.iter().cloned());
            for tree in list {
                let mut slot = vec![None; number];
                slot.push(Some(tree));
                all.push(slot);
            }
        });
    };
    let mut all = Vec::new();
    between(slots, list, Tree::says, &mut all, &beside);
    all
}

/// What becomes of slots and items that nothing joins.
type Rest<'f, 't> = &'f dyn Fn(&[Side<'t>], &'t [Tree], &mut Vec<Side<'t>>);

/// Joins what belongs together by some measure, and leaves what stands between to `rest`.
fn between<'t>(
    slots: &[Side<'t>],
    list: &'t [Tree],
    fits: fn(&Tree, &Tree) -> bool,
    all: &mut Vec<Side<'t>>,
    rest: Rest<'_, 't>,
) {
    let (mut slot, mut item) = (0, 0);
    for (next_slot, next_item) in common(slots, list, fits) {
        rest(&slots[slot..next_slot], &list[item..next_item], all);
        let mut found = slots[next_slot].clone();
        found.push(Some(&list[next_item]));
        all.push(found);
        (slot, item) = (next_slot + 1, next_item + 1);
    }
    rest(&slots[slot..], &list[item..], all);
}

/// Whether two items are forms of the same thing: texts, steps of one word, maps with the same keys.
fn alike(a: &Tree, b: &Tree) -> bool {
    let (Some(a_entries), Some(b_entries)) = (a.entries(), b.entries()) else {
        return a.entries().is_none() && b.entries().is_none();
    };
    let word = |entries: &[Entry]| {
        let is_word = |entry: &&Entry| entry.key != "env" && WORDS.contains(&entry.key.as_str());
        entries.iter().find(is_word).map(|entry| entry.key.clone())
    };
    match (word(a_entries), word(b_entries)) {
        (None, None) => a_entries
            .iter()
            .map(|entry| &entry.key)
            .eq(b_entries.iter().map(|entry| &entry.key)),
        (one, other) => one == other,
    }
}

/// The longest run of items that fit in both, as pairs of positions.
fn common(
    slots: &[Side<'_>],
    list: &[Tree],
    fits: fn(&Tree, &Tree) -> bool,
) -> Vec<(usize, usize)> {
    let equal = |slot: usize, item: usize| {
        let first = slots[slot].iter().copied().flatten().next();
        first.is_some_and(|first| fits(first, &list[item]))
    };
    let mut best = vec![vec![0_usize; list.len() + 1]; slots.len() + 1];
    for slot in (0..slots.len()).rev() {
        for item in (0..list.len()).rev() {
            best[slot][item] = if equal(slot, item) {
                best[slot + 1][item + 1] + 1
            } else {
                best[slot + 1][item].max(best[slot][item + 1])
            };
        }
    }
    let (mut slot, mut item, mut pairs) = (0, 0, Vec::new());
    while slot < slots.len() && item < list.len() {
        if equal(slot, item) {
            pairs.push((slot, item));
            (slot, item) = (slot + 1, item + 1);
        } else if best[slot + 1][item] >= best[slot][item + 1] {
            slot += 1;
        } else {
            item += 1;
        }
    }
    pairs
}

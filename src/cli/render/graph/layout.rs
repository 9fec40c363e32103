//! Where nodes and edges of a picture go.
//!
//! Nodes stand in columns, each to the right of everything that it is made of. An edge over several columns has a
//! place of its own in those between, so that it passes nodes instead of crossing them. In a column, items are sorted
//! by the middle of what they are joined to, some times to the right and back. Everything is whole numbers and sorted
//! stably: the same graph gives the same picture.

use crate::ops::Graph;

/// Between columns, between items of a column, around everything.
const COLUMN_GAP: usize = 56;
const ROW_GAP: usize = 10;
const MARGIN: usize = 12;

/// How high a node is, and an edge that passes.
const NODE: usize = 26;
const PASS: usize = 6;

/// How often columns are sorted.
const SWEEPS: usize = 4;

/// A rectangle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// A picture.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Where each node is.
    pub(super) nodes: Vec<Rect>,
    /// What each edge goes through, its ends included, in the order of the graph's edges.
    pub(super) edges: Vec<Vec<Rect>>,
}

/// A node, or a place where an edge passes.
struct Item {
    column: usize,
    width: usize,
    height: usize,
    /// Items of the column before, and of the one behind.
    left: Vec<usize>,
    right: Vec<usize>,
}

/// Places nodes that are as wide as `widths` says.
pub(super) fn layout(graph: &Graph, widths: &[usize]) -> Layout {
    let columns = columns(graph);
    let mut items: Vec<Item> = columns
        .iter()
        .zip(widths)
        .map(|(&column, &width)| item(column, width, NODE))
        .collect();
    let mut chains = Vec::new();
    for edge in &graph.edges {
        let mut chain = vec![edge.from];
        for column in columns[edge.from] + 1..columns[edge.to] {
            chain.push(items.len());
            items.push(item(column, 0, PASS));
        }
        chain.push(edge.to);
        for pair in chain.windows(2) {
            items[pair[0]].right.push(pair[1]);
            items[pair[1]].left.push(pair[0]);
        }
        chains.push(chain);
    }
    let order = ordered(&items);
    let (rects, width, height) = placed(&items, &order);
    Layout {
        width,
        height,
        edges: chains
            .iter()
            .map(|chain| passed(chain, &items, &order, &rects))
            .collect(),
        nodes: rects[..graph.nodes.len()].to_vec(),
    }
}

/// What an edge goes through. It leaves its column before it bends, so that it passes wider nodes as well.
fn passed(chain: &[usize], items: &[Item], order: &[Vec<usize>], rects: &[Rect]) -> Vec<Rect> {
    let mut all: Vec<Rect> = chain.iter().map(|&item| rects[item]).collect();
    if let (Some(&first), Some(&from)) = (chain.first(), all.first()) {
        let end = |rect: &Rect| rect.x + rect.width;
        let column = order[items[first].column].iter();
        let column_end = column.map(|&item| end(&rects[item])).max();
        let x = end(&from);
        let width = column_end.unwrap_or(x) - x;
        if width > 0 {
            all.insert(1, Rect { x, width, ..from });
        }
    }
    all
}

fn item(column: usize, width: usize, height: usize) -> Item {
    Item {
        column,
        width,
        height,
        left: Vec::new(),
        right: Vec::new(),
    }
}

/// The column of each node. What begins with nothing stands right before the first of what is made of it.
fn columns(graph: &Graph) -> Vec<usize> {
    let mut columns = vec![0; graph.nodes.len()];
    // Edges are in the order of where they begin, and lead to later nodes.
    for edge in &graph.edges {
        columns[edge.to] = columns[edge.to].max(columns[edge.from] + 1);
    }
    let mut is_root = vec![true; graph.nodes.len()];
    let mut first = vec![usize::MAX; graph.nodes.len()];
    for edge in &graph.edges {
        is_root[edge.to] = false;
        first[edge.from] = first[edge.from].min(columns[edge.to]);
    }
    for (number, column) in columns.iter_mut().enumerate() {
        if is_root[number] && first[number] != usize::MAX {
            *column = first[number] - 1;
        }
    }
    columns
}

/// The items of each column from top to bottom.
fn ordered(items: &[Item]) -> Vec<Vec<usize>> {
    let count = items.iter().map(|item| item.column + 1).max().unwrap_or(0);
    let mut order = vec![Vec::new(); count];
    for (number, item) in items.iter().enumerate() {
        order[item.column].push(number);
    }
    let mut rank = vec![0; items.len()];
    for column in &order {
        note(column, &mut rank);
    }
    for sweep in 0..SWEEPS {
        let to_the_right = sweep % 2 == 0;
        for step in 0..count {
            let column = if to_the_right { step } else { count - 1 - step };
            order[column].sort_by_key(|&number| {
                let item = &items[number];
                let joined = if to_the_right {
                    &item.left
                } else {
                    &item.right
                };
                middle(joined, &rank, rank[number])
            });
            note(&order[column], &mut rank);
        }
    }
    order
}

/// Notes where each item of a column stands.
fn note(column: &[usize], rank: &mut [usize]) {
    for (at, &number) in column.iter().enumerate() {
        rank[number] = at;
    }
}

/// The middle of some items, a hundred to a place; of none the place where one stands.
fn middle(joined: &[usize], rank: &[usize], own: usize) -> usize {
    let sum: usize = joined.iter().map(|&number| rank[number] * 100).sum();
    sum.checked_div(joined.len()).unwrap_or(own * 100)
}

fn placed(items: &[Item], order: &[Vec<usize>]) -> (Vec<Rect>, usize, usize) {
    let tops = tops(items, order);
    let first = tops.iter().min().copied().unwrap_or(0);
    let mut rects = vec![Rect::default(); items.len()];
    let (mut x, mut height) = (MARGIN, MARGIN);
    for column in order {
        let width = column.iter().map(|&it| items[it].width).max().unwrap_or(0);
        for &number in column {
            let item = &items[number];
            let y = tops[number] - first + MARGIN;
            rects[number] = Rect {
                x,
                y,
                width: if item.width == 0 { width } else { item.width },
                height: item.height,
            };
            height = height.max(y + item.height);
        }
        x += width + COLUMN_GAP;
    }
    let width = (x + MARGIN).saturating_sub(COLUMN_GAP).max(2 * MARGIN);
    (rects, width, height + MARGIN)
}

/// How far down each item is: beside the middle of what it is joined to, as far as the others of its column let it.
fn tops(items: &[Item], order: &[Vec<usize>]) -> Vec<usize> {
    let mut tops = vec![0; items.len()];
    // What items above take away is never more than this, so that no number is below nothing.
    let room: usize = items.iter().map(|item| item.height + ROW_GAP).sum();
    for column in order {
        let mut y = room;
        for &number in column {
            tops[number] = y;
            y += items[number].height + ROW_GAP;
        }
    }
    for sweep in 0..SWEEPS {
        let to_the_right = sweep % 2 == 0;
        for step in 0..order.len() {
            let column = if to_the_right {
                step
            } else {
                order.len() - 1 - step
            };
            let wishes: Vec<usize> = order[column]
                .iter()
                .map(|&number| {
                    let item = &items[number];
                    let joined = if to_the_right {
                        &item.left
                    } else {
                        &item.right
                    };
                    let middles = joined.iter().map(|&it| tops[it] + items[it].height / 2);
                    let middle = middles.sum::<usize>().checked_div(joined.len());
                    middle.map_or(tops[number], |it| it.saturating_sub(item.height / 2))
                })
                .collect();
            settle(&order[column], &wishes, items, &mut tops);
        }
    }
    tops
}

/// Gives each item of a column its wish, or where they are in each other's way the middle of their wishes.
fn settle(column: &[usize], wishes: &[usize], items: &[Item], tops: &mut [usize]) {
    /// Items without a gap between them: the sum of their wishes for the first one's top, and how many they are.
    struct Block {
        sum: usize,
        count: usize,
    }
    let room: usize = column.iter().map(|&it| items[it].height + ROW_GAP).sum();
    let mut blocks: Vec<Block> = Vec::new();
    let mut above = 0;
    for (&number, wish) in column.iter().zip(wishes) {
        let mut block = Block {
            sum: wish + room - above,
            count: 1,
        };
        above += items[number].height + ROW_GAP;
        while let Some(last) = blocks.pop() {
            if last.sum * block.count <= block.sum * last.count {
                blocks.push(last);
                break;
            }
            block.sum += last.sum;
            block.count += last.count;
        }
        blocks.push(block);
    }
    let starts = blocks
        .iter()
        .flat_map(|block| std::iter::repeat_n(block.sum / block.count, block.count));
    let mut above = 0;
    for (&number, start) in column.iter().zip(starts) {
        tops[number] = (start + above).saturating_sub(room);
        above += items[number].height + ROW_GAP;
    }
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::{Layout, Rect, layout};
    use crate::ops::Graph;

    fn meet(a: &Rect, b: &Rect) -> bool {
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    }

    #[test]
    fn nodes_do_not_overlap_and_stand_to_the_right_of_what_they_are_made_of() {
        let graph = hostile();
        let widths: Vec<usize> = (0..graph.nodes.len()).map(|it| 40 + it * 9).collect();
        let picture = layout(&graph, &widths);
        for (number, one) in picture.nodes.iter().enumerate() {
            assert!(one.x + one.width <= picture.width && one.y + one.height <= picture.height);
            let others = &picture.nodes[number + 1..];
            assert!(!others.iter().any(|other| meet(one, other)));
        }
        for (edge, passed) in graph.edges.iter().zip(&picture.edges) {
            let (from, to) = (picture.nodes[edge.from], picture.nodes[edge.to]);
            assert!(from.x + from.width < to.x);
            // An edge over a column passes its nodes.
            for place in &passed[1..passed.len() - 1] {
                assert!(!picture.nodes.iter().any(|node| meet(node, place)));
            }
        }
        assert_eq!(layout(&graph, &widths), picture);
    }

    #[test]
    fn a_graph_of_nothing_is_a_small_picture() {
        let Layout { width, height, .. } = layout(&Graph::default(), &[]);
        assert_eq!((width, height), (24, 24));
    }
}

//! N images for two platforms, beside bake: all steps new, and the same again at once. What is unchanged is beside
//! curl as well, which asks the same registry the same questions and does nothing else.

use serde_json::Value;

use crate::lab::Lab;
use crate::measure::{Cost, measure, output};
use crate::table::{Figure, Row, Wish};
use crate::twins::{PLATFORMS, Side, Twin, forget, prune};
use crate::{Fallible, Rounds, fault};

/// Runs the part for so many images.
pub(crate) fn run(count: usize, lab: &Lab, rounds: &Rounds) -> Fallible<Vec<Row>> {
    let part = format!("images-{count}");
    let twins = [
        Twin::new(Side::Kiln, count, lab)?,
        Twin::new(Side::Bake, count, lab)?,
    ];
    let mut cold: [Vec<Cost>; 2] = Default::default();
    let mut unchanged: [Vec<Cost>; 2] = Default::default();
    let mut asked: Vec<Cost> = Vec::new();
    for round in rounds {
        for side in round.order() {
            let twin = &twins[side];
            let name = twin.side.name();
            let nonce = format!("{}-{name}", round.nonce);
            twin.refresh(&nonce)?;
            let before = digests(twin, lab).unwrap_or_default();
            let cost = all(twin, lab, &part)?;
            round.tell(&part, "cold", name, &cost);
            cold[side].push(cost);
            let built = digests(twin, lab)?;
            if built.iter().any(|digest| before.contains(digest)) {
                return Err(fault(format!("{part}: {name} built nothing new")));
            }
            let cost = all(twin, lab, &part)?;
            round.tell(&part, "unchanged", name, &cost);
            unchanged[side].push(cost);
            if digests(twin, lab)? != built {
                return Err(fault(format!("{part}: {name} made something else")));
            }
            if twin.side == Side::Kiln {
                let cost = ask(twin, lab, &part)?;
                round.tell(&part, "unchanged", "curl", &cost);
                asked.push(cost);
            }
            prune(lab, &nonce)?;
        }
    }
    check_alike(&twins, lab)?;
    let row =
        |what: &str, costs: [Vec<Cost>; 2], wishes| Row::new(&part, what, "bake", costs, wishes);
    let beside_curl = [unchanged[0].clone(), asked];
    let curl = if count == 700 {
        vec![Wish::new(Figure::Wall, 3.0)]
    } else {
        Vec::new()
    };
    Ok(vec![
        row("cold", cold, cold_wishes(count))?,
        row("unchanged", unchanged, unchanged_wishes(count))?,
        Row::new(&part, "unchanged", "curl", beside_curl, curl)?,
    ])
}

/// The questions that kiln asks where everything is unchanged, by a tool that only asks: each tag, and the base.
fn ask(twin: &Twin<'_>, lab: &Lab, part: &str) -> Fallible<Cost> {
    let path = lab.folder("questions");
    std::fs::write(&path, twin.questions())?;
    let mut curl = lab.curl();
    curl.args(["--silent", "--fail", "--parallel", "--parallel-max", "32"]);
    curl.arg("--config").arg(path);
    measure(&mut curl, &lab.log(&format!("{part}-curl")))
}

fn cold_wishes(count: usize) -> Vec<Wish> {
    let mut wishes = Vec::new();
    if count >= 20 {
        wishes.push(Wish::new(Figure::Wall, 1.0));
    }
    if count == 100 {
        wishes.push(Wish::new(Figure::Peak, 1.0));
    }
    wishes
}

fn unchanged_wishes(count: usize) -> Vec<Wish> {
    let memory = Wish::memory(100_000_000);
    match count {
        20 => vec![Wish::new(Figure::Wall, 0.1), memory],
        100 => vec![Wish::new(Figure::Wall, 0.02), memory],
        700 => vec![Wish::new(Figure::Wall, 0.01), memory],
        _ => Vec::new(),
    }
}

/// Has all images built. bake is given no more than so many at a time: where all 700 are in one call the daemon loses
/// records that bake reads at its end, and bake fails although every image is pushed; that of a cold run does not end
/// within half an hour. Its calls are counted together.
fn all(twin: &Twin<'_>, lab: &Lab, part: &str) -> Fallible<Cost> {
    const AT_ONCE: usize = 100;
    if twin.side == Side::Kiln || twin.count() <= AT_ONCE {
        return once(twin, lab, part);
    }
    let mut sum: Option<Cost> = None;
    for first in (0..twin.count()).step_by(AT_ONCE) {
        let last = (first + AT_ONCE).min(twin.count());
        lab.daemon.wait();
        let log = lab.log(&format!("{part}-{}-{first}", twin.side.name()));
        let cost = measure(&mut twin.build_some(first..last), &log)?;
        forget(lab, &twin.folder)?;
        sum = Some(sum.map_or(cost, |sum| sum.and(&cost)));
    }
    sum.ok_or_else(|| fault(format!("{part}: there is nothing to build")))
}

fn once(twin: &Twin<'_>, lab: &Lab, part: &str) -> Fallible<Cost> {
    lab.daemon.wait();
    let log = lab.log(&format!("{part}-{}", twin.side.name()));
    let cost = measure(&mut twin.build(), &log)?;
    if twin.side == Side::Bake {
        forget(lab, &twin.folder)?;
    }
    Ok(cost)
}

/// The first and the last image as they are published now.
fn digests(twin: &Twin<'_>, lab: &Lab) -> Fallible<Vec<String>> {
    twin.ends()
        .into_iter()
        .map(|number| output(lab.crane().arg("digest").arg(twin.reference(number))))
        .collect()
}

/// Whether both clients published the same: the platforms, and on each as many layers.
fn check_alike(twins: &[Twin<'_>; 2], lab: &Lab) -> Fallible<()> {
    let [kiln, bake] = twins;
    for number in kiln.ends() {
        let (ours, theirs) = (shape(kiln, number, lab)?, shape(bake, number, lab)?);
        if ours != theirs {
            let message = format!("image {number} is {ours:?} from kiln and {theirs:?} from bake");
            return Err(fault(message));
        }
    }
    Ok(())
}

fn shape(twin: &Twin<'_>, number: usize, lab: &Lab) -> Fallible<Vec<(String, usize)>> {
    let reference = twin.reference(number);
    let index = manifest(lab, &reference, None)?;
    let entries = index["manifests"].as_array().map_or(0, Vec::len);
    if entries != PLATFORMS.len() {
        return Err(fault(format!("{reference} has {entries} entries")));
    }
    PLATFORMS
        .iter()
        .map(|platform| {
            let manifest = manifest(lab, &reference, Some(platform))?;
            let layers = manifest["layers"].as_array().map_or(0, Vec::len);
            Ok(((*platform).to_owned(), layers))
        })
        .collect()
}

/// A manifest, of a platform where one is named.
pub(crate) fn manifest(lab: &Lab, reference: &str, platform: Option<&str>) -> Fallible<Value> {
    let mut command = lab.crane();
    command.arg("manifest");
    if let Some(platform) = platform {
        command.args(["--platform", platform]);
    }
    Ok(serde_json::from_str(&output(command.arg(reference))?)?)
}

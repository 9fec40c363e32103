//! What recipes want of a lock, and whether it has it.

use std::collections::{BTreeMap, BTreeSet};

use super::{FILE_NAME, Lock, PipId, STALE};
use crate::diagnostic::Finding;
use crate::oci::{Digest, Digester, Platform, Reference};
use crate::text::Place;

/// Everything that some recipes want, and where each is written.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// Images by name.
    pub images: BTreeMap<Reference, ImageNeed>,
    /// Downloads by URL.
    pub fetch: BTreeMap<String, Vec<Place>>,
    /// Checkouts by repository, and branch or tag.
    pub git: BTreeMap<(String, String), Vec<Place>>,
    /// Lists of requirements.
    pub pip: BTreeMap<(PipId, Platform), Vec<Place>>,
    /// `pip` steps that no lock can hold, and why.
    pub never: Vec<(Place, String)>,
}

/// For which platforms an image is wanted.
#[derive(Debug, Clone, Default)]
pub struct ImageNeed {
    /// Platforms, and where the image is named for each.
    pub platforms: BTreeMap<Platform, Vec<Place>>,
    /// Platforms that a builder may have, for stages that run on its own: they are wanted where the image has them.
    pub native: BTreeMap<Platform, Vec<Place>>,
}

impl ImageNeed {
    /// Where the image is named.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.platforms
            .values()
            .chain(self.native.values())
            .flatten()
    }
}

/// Adds places that are not among those that are known.
fn add(known: &mut Vec<Place>, place: &Place) {
    if !known.contains(place) {
        known.push(place.clone());
    }
}

impl Needs {
    /// Adds an image.
    pub fn image(
        &mut self,
        reference: &Reference,
        platform: Platform,
        native: bool,
        place: &Place,
    ) {
        let need = self.images.entry(reference.clone()).or_default();
        let platforms = if native {
            &mut need.native
        } else {
            &mut need.platforms
        };
        add(platforms.entry(platform).or_default(), place);
    }

    /// Adds a download.
    pub fn fetch(&mut self, url: &str, place: &Place) {
        add(self.fetch.entry(url.to_owned()).or_default(), place);
    }

    /// Adds a checkout.
    pub fn git(&mut self, url: &str, reference: &str, place: &Place) {
        let key = (url.to_owned(), reference.to_owned());
        add(self.git.entry(key).or_default(), place);
    }

    /// Adds a list of requirements.
    pub fn pip(&mut self, id: &PipId, platform: Platform, place: &Place) {
        add(self.pip.entry((id.clone(), platform)).or_default(), place);
    }

    /// Adds a step that cannot be locked.
    pub fn never(&mut self, place: &Place, why: &str) {
        let one = (place.clone(), why.to_owned());
        if !self.never.contains(&one) {
            self.never.push(one);
        }
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
            && self.fetch.is_empty()
            && self.git.is_empty()
            && self.pip.is_empty()
    }

    /// A checksum over all of it but the places: it changes when a recipe begins to want something else, and with
    /// nothing else.
    pub fn checksum(&self) -> Digest {
        let mut digester = Digester::new();
        let mut line = |words: &[&str]| {
            for word in words {
                // Lengths keep words apart whatever they hold.
                digester.update(format!("{}:{word} ", word.len()).as_bytes());
            }
            digester.update(b"\n");
        };
        for (reference, need) in &self.images {
            let name = reference.to_string();
            for platform in need.platforms.keys() {
                line(&["image", &name, &platform.to_string()]);
            }
            for platform in need.native.keys() {
                line(&["native", &name, &platform.to_string()]);
            }
        }
        for url in self.fetch.keys() {
            line(&["fetch", url]);
        }
        for (url, reference) in self.git.keys() {
            line(&["git", url, reference]);
        }
        for (id, platform) in self.pip.keys() {
            line(&["pip", &id.to_string(), &platform.to_string()]);
        }
        digester.finish()
    }

    /// What of it a lock does not have.
    #[must_use]
    pub fn missing(&self, lock: Option<&Lock>) -> Self {
        let Some(lock) = lock else {
            return self.clone();
        };
        let mut missing = Self::default();
        for (reference, need) in &self.images {
            let locked = lock.image(reference);
            let has = |platform: &Platform| {
                locked.is_some_and(|image| image.platforms.contains_key(platform))
            };
            let mut rest = need.clone();
            rest.platforms.retain(|platform, _| !has(platform));
            // Which of these the image has is known once it is locked.
            rest.native.retain(|_, _| locked.is_none());
            if !rest.platforms.is_empty() || !rest.native.is_empty() {
                missing.images.insert(reference.clone(), rest);
            }
        }
        let fetch = self.fetch.iter();
        let fetch = fetch.filter(|(url, _)| lock.fetch(url).is_none());
        missing.fetch = fetch.map(|(url, at)| (url.clone(), at.clone())).collect();
        let git = self.git.iter();
        let git = git.filter(|((url, reference), _)| lock.git(url, reference).is_none());
        missing.git = git.map(|(key, at)| (key.clone(), at.clone())).collect();
        let pip = self.pip.iter();
        let pip = pip.filter(|((id, platform), _)| lock.pip(id, *platform).is_none());
        missing.pip = pip.map(|(key, at)| (key.clone(), at.clone())).collect();
        missing
    }

    /// All of it as findings: each says what is wanted and not there.
    pub fn findings(&self) -> Vec<Finding> {
        let mut all = Vec::new();
        let mut lacks = |what: String, places: &mut dyn Iterator<Item = &Place>| {
            let mut seen: Vec<&Place> = Vec::new();
            for place in places {
                if seen.contains(&place) {
                    continue;
                }
                seen.push(place);
                let message = format!("{FILE_NAME} does not have {what}");
                let finding = Finding::error(place, message).with_rule(STALE);
                all.push(finding.with_help("`kiln lock` adds it"));
            }
        };
        for (reference, need) in &self.images {
            let platforms: BTreeSet<_> = need.platforms.keys().map(Platform::to_string).collect();
            let platforms: Vec<_> = platforms.into_iter().collect();
            let of = if platforms.is_empty() {
                String::new()
            } else {
                format!(" for {}", platforms.join(", "))
            };
            lacks(
                format!("the digest of `{reference}`{of}"),
                &mut need.places(),
            );
        }
        for (url, places) in &self.fetch {
            lacks(format!("the checksum of {url}"), &mut places.iter());
        }
        for ((url, reference), places) in &self.git {
            lacks(
                format!("the commit of `{reference}` of {url}"),
                &mut places.iter(),
            );
        }
        for ((_, platform), places) in &self.pip {
            let what = format!("the packages of this step for {platform}");
            lacks(what, &mut places.iter());
        }
        all
    }

    /// That some steps cannot be locked, as findings.
    pub fn unlockable(&self) -> Vec<Finding> {
        let finding = |(place, why): &(Place, String)| {
            let message = format!("the packages of this step cannot be locked: {why}");
            Finding::error(place, message).with_rule(STALE)
        };
        self.never.iter().map(finding).collect()
    }
}

impl Lock {
    /// Forgets everything that is not wanted.
    pub fn retain(&mut self, needs: &Needs) {
        self.images.retain(|reference, image| {
            let Some(need) = needs.images.get(reference) else {
                return false;
            };
            let wanted = |platform: &Platform| {
                need.platforms.contains_key(platform) || need.native.contains_key(platform)
            };
            image.platforms.retain(|platform, _| wanted(platform));
            true
        });
        self.fetch.retain(|url, _| needs.fetch.contains_key(url));
        for (url, refs) in &mut self.git {
            refs.retain(|name, _| needs.git.contains_key(&(url.clone(), name.clone())));
        }
        for (id, lists) in &mut self.pip {
            lists.retain(|platform, _| needs.pip.contains_key(&(id.clone(), *platform)));
        }
        self.tidy();
    }

    /// Forgets everything that is wanted, so that it is looked up again.
    pub fn forget(&mut self, needs: &Needs) {
        self.images
            .retain(|reference, _| !needs.images.contains_key(reference));
        self.fetch.retain(|url, _| !needs.fetch.contains_key(url));
        for (url, refs) in &mut self.git {
            refs.retain(|name, _| !needs.git.contains_key(&(url.clone(), name.clone())));
        }
        for (id, lists) in &mut self.pip {
            lists.retain(|platform, _| !needs.pip.contains_key(&(id.clone(), *platform)));
        }
        self.tidy();
    }

    fn tidy(&mut self) {
        self.git.retain(|_, refs| !refs.is_empty());
        self.pip.retain(|_, lists| !lists.is_empty());
    }

    /// What the checksums of recipes say: whose recipe asks for something else by now, and who is no recipe any more.
    /// `wanted` has each recipe's name with its place, and what it wants.
    pub fn outdated(&self, wanted: &BTreeMap<String, (Place, Needs)>) -> Vec<Finding> {
        let mut all = Vec::new();
        for (name, (place, needs)) in wanted {
            // What is missing has been said where it is written.
            if !needs.missing(Some(self)).is_empty() || self.recipe(name) == Some(&needs.checksum())
            {
                continue;
            }
            let message = format!("{FILE_NAME} was made for `{name}` as it was before");
            let finding = Finding::error(place, message).with_rule(STALE);
            all.push(finding.with_help("`kiln lock` drops what it does not use any more"));
        }
        for name in self.recipes() {
            let place = self.place("recipes", name);
            if let Some(place) = place.filter(|_| !wanted.contains_key(name)) {
                let message = format!("there is no recipe `{name}` any more");
                let finding = Finding::error(place, message).with_rule(STALE);
                all.push(finding.with_help("`kiln lock` drops what only it used"));
            }
        }
        all
    }
}

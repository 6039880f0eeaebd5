//! Which of several children is proposed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::surrogate::{Archive, Outlook, Surrogate};
use crate::breeding::{Breeder, Sprout};

/// So many children are appraised for one candidate, where that costs something: those of which most is expected without.
const APPRAISED: usize = 5;
/// More than numbers of an appraisal, which are near one, differ by.
const LAST: f64 = 100.0;
/// What it counts, in standard deviations, that an evaluation takes e times as long.
const PRICE: f64 = 0.1;

/// Chooses among children by what was learnt so far, in two rounds: by what costs nothing, then by an appraisal of the best.
pub(super) struct Tournament<'a, B> {
    breeder: &'a B,
    /// By what costs nothing; `None` while too little is known.
    cheap: Option<Surrogate>,
    /// By the appraisal too, where there is one.
    full: Option<Surrogate>,
    /// What was seen of the chosen ones, by candidate number.
    outlooks: Mutex<BTreeMap<u64, Outlook>>,
}

/// A child in the second round.
struct Finalist {
    /// Index among the children.
    child: usize,
    outlook: Outlook,
    badness: f64,
}

impl<'a, B: Breeder> Tournament<'a, B> {
    pub(super) fn new(breeder: &'a B, archive: &Archive) -> Self {
        let cheap = archive.fit_cheaply();
        let full = if B::APPRAISES { archive.fit() } else { None };
        Self { breeder, cheap, full, outlooks: Mutex::default() }
    }

    /// Whether it knows anything of children.
    pub(super) fn can_tell(&self) -> bool {
        self.cheap.is_some() || B::APPRAISES
    }

    /// Index of the best of some children; the first of equals, so that the order decides.
    pub(super) fn choose(&self, number: u64, sprouts: &[&Sprout<B>]) -> usize {
        let mut finalists: Vec<Finalist> =
            sprouts.par_iter().enumerate().map(|(child, sprout)| self.first_round(child, sprout)).collect();
        if B::APPRAISES {
            if self.cheap.is_some() {
                finalists.sort_by(|x, y| x.badness.total_cmp(&y.badness));
                finalists.truncate(APPRAISED);
            }
            finalists
                .par_iter_mut()
                .for_each(|finalist| self.second_round(finalist, sprouts[finalist.child]));
        }
        let best =
            finalists.into_iter().min_by(|x, y| x.badness.total_cmp(&y.badness).then(x.child.cmp(&y.child)));
        best.map_or(0, |best| {
            let mut outlooks = self.outlooks.lock().unwrap_or_else(PoisonError::into_inner);
            outlooks.insert(number, best.outlook);
            best.child
        })
    }

    fn first_round(&self, child: usize, sprout: &Sprout<B>) -> Finalist {
        let outlook = Outlook { features: self.breeder.features(&sprout.design), appraisal: Vec::new() };
        let badness = self.cheap.as_ref().map_or(0.0, |cheap| self.badness(cheap, &outlook, sprout));
        Finalist { child, outlook, badness }
    }

    fn second_round(&self, finalist: &mut Finalist, sprout: &Sprout<B>) {
        finalist.outlook.appraisal = self.breeder.appraise(&sprout.design);
        finalist.badness = match &self.full {
            Some(full) => self.badness(full, &finalist.outlook, sprout),
            None => {
                let guess = finalist.outlook.appraisal.first().map_or(0.0, |(_, number)| *number);
                // Before anything is learnt the unknown goes first.
                if self.breeder.is_known(&sprout.design) { guess + LAST } else { guess }
            }
        };
    }

    fn badness(&self, surrogate: &Surrogate, outlook: &Outlook, sprout: &Sprout<B>) -> f64 {
        let Sprout { genome, design, .. } = sprout;
        let badness = surrogate.badness(outlook, self.breeder.kin(design), self.breeder.is_known(design));
        badness + PRICE * self.breeder.cost(genome, design).ln()
    }

    /// What was seen of the chosen ones, by candidate number.
    pub(super) fn into_outlooks(self) -> BTreeMap<u64, Outlook> {
        self.outlooks.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

//! What the last search learned, for judging what is typed in; and what needs no learning.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use attune_db::Tx;
use attune_duplicate::{Evidence, Level, Model, THRESHOLD};
use attune_kernel::Fault;

use super::twin::Twin;
use super::{Known, columns, store};
use crate::field::Subject;

/// The most shown.
const SHOWN: usize = 5;
/// Bits of evidence in something that only one record has, and in a part of it.
const OWN_BITS: f64 = 10.0;
const PART_BITS: f64 = 4.0;

/// The models of the last searches, kept in memory until newer ones are learned: reading them anew with each letter typed would take longer
/// than everything else.
#[derive(Clone, Default)]
pub(crate) struct Models(Arc<Mutex<HashMap<Subject, Learned>>>);

/// When a model was learned, and the model.
type Learned = (i64, Arc<Model>);

impl Models {
    pub(super) async fn get<T: Twin>(&self, tx: &mut Tx) -> Result<Option<Arc<Model>>, Fault> {
        let Some(at) = store::learned_at(tx, T::OF).await? else { return Ok(None) };
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&T::OF).cloned();
        if let Some((_, model)) = kept.filter(|(learned_at, _)| *learned_at == at) {
            return Ok(Some(model));
        }
        let Some(model) = store::model(tx, T::OF).await?.map(Arc::new) else { return Ok(None) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(T::OF, (at, model.clone()));
        Ok(Some(model))
    }
}

/// What speaks for two records being one whatever was learned.
#[derive(Default)]
pub(super) struct Ruled(Vec<Evidence>);

impl Ruled {
    /// Notes that both say the same; answers whether they do.
    pub(super) fn same(&mut self, column: &str, a: Option<String>, b: Option<String>) -> bool {
        let same = a.is_some() && a == b;
        if same {
            self.0.push(Evidence { column: column.to_owned(), level: Level::Same, weight: OWN_BITS });
        }
        same
    }

    /// Notes that one contains the other.
    pub(super) fn part(&mut self, column: &str) {
        self.0.push(Evidence { column: column.to_owned(), level: Level::Part, weight: PART_BITS });
    }

    /// The verdict, or that of the model where it is surer.
    pub(super) fn or_learned<T: Twin>(self, probability: f64, model: Option<&Model>, meant: &T, other: &T) -> Known {
        let learned = model.map(|model| {
            let [a, b] = [meant, other].map(|record| model.prepare(&columns::values(model.columns(), record)));
            let verdict = model.compare(&a, &b);
            Known { probability: verdict.probability, evidence: verdict.evidence, is_apart: false }
        });
        match learned {
            Some(learned) if learned.probability >= probability => learned,
            _ => Known { probability, evidence: self.0, is_apart: false },
        }
    }
}

/// Those worth a word, the likeliest first.
pub(super) fn best<T: Twin>(mut judged: Vec<(T, Known)>) -> Vec<(T, Known)> {
    judged.retain(|(_, known)| known.probability >= THRESHOLD);
    judged.sort_by(|a, b| b.1.probability.total_cmp(&a.1.probability).then(a.0.id().cmp(&b.0.id())));
    judged.truncate(SHOWN);
    judged
}

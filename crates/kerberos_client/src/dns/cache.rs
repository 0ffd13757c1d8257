//! A bounded number of answers, each kept for its TTL.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::message::{Answer, Question};

/// The most answers that are kept.
const CAPACITY: usize = 256;

/// Answers by their questions.
#[derive(Debug, Default)]
pub(super) struct Cache {
    answers: HashMap<Question, (Instant, Answer)>,
}

impl Cache {
    /// The answer, if it is still valid at `now`.
    pub(super) fn get(&self, question: &Question, now: Instant) -> Option<&Answer> {
        self.answers
            .get(question)
            .filter(|(end, _)| now < *end)
            .map(|(_, answer)| answer)
    }

    /// Keeps an answer that arrived at `now`.
    pub(super) fn put(&mut self, question: Question, answer: Answer, now: Instant) {
        if answer.ttl == 0 {
            return;
        }
        if self.answers.len() >= CAPACITY {
            self.answers.retain(|_, (end, _)| now < *end);
        }
        if self.answers.len() >= CAPACITY {
            // The answer that expires first makes room.
            let first = self.answers.iter().min_by_key(|(_, (end, _))| *end);
            if let Some(first) = first.map(|(question, _)| question.clone()) {
                self.answers.remove(&first);
            }
        }
        let end = now + Duration::from_secs(answer.ttl.into());
        self.answers.insert(question, (end, answer));
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::RecordType;
    use super::super::name;
    use super::*;

    fn question(name: &str) -> Question {
        Question {
            name: name::parse(name).unwrap(),
            kind: RecordType::A,
        }
    }

    fn answer(ttl: u32) -> Answer {
        Answer {
            name: name::parse("a").unwrap(),
            records: Vec::new(),
            ttl,
        }
    }

    #[test]
    fn cached_answer_expires_after_its_ttl() {
        let mut cache = Cache::default();
        let now = Instant::now();
        cache.put(question("A.example"), answer(10), now);
        cache.put(question("zero.example"), answer(0), now);
        let at = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(cache.get(&question("a.EXAMPLE"), at(9)), Some(&answer(10)));
        assert_eq!(cache.get(&question("a.example"), at(10)), None);
        assert_eq!(cache.get(&question("zero.example"), now), None);
    }

    #[test]
    fn number_of_cached_answers_is_bounded() {
        let mut cache = Cache::default();
        let now = Instant::now();
        for (index, ttl) in (1_000..2_000).enumerate() {
            cache.put(question(&format!("{index}.example")), answer(ttl), now);
            assert!(cache.answers.len() <= CAPACITY);
        }
        // Those that expire last are there, the others gone.
        assert!(cache.get(&question("999.example"), now).is_some());
        assert!(cache.get(&question("0.example"), now).is_none());
    }
}

//! Forgets what no block has used for long, so that kept tries do not grow.

use super::node::Node;

/// Counts the bytes of nodes by how long they were idle.
#[derive(Debug)]
pub(super) struct Idleness {
    bytes: Vec<usize>,
    now: u32,
}

/// From here on idleness is not told apart.
const IDLE_MAX: usize = 1 << 14;

/// From so many children on there is much below a branch, as a rule.
const WIDE: usize = 14;

impl Idleness {
    pub(super) fn new(now: u32) -> Self {
        Self { bytes: vec![0; IDLE_MAX + 1], now }
    }

    /// Adds a node and all that is below.
    pub(super) fn add(&mut self, node: &mut Node) {
        let bytes = node.bytes();
        self.bytes[(idle(node, self.now) as usize).min(IDLE_MAX)] += bytes;
        match node {
            Node::Hash(_) | Node::Leaf(..) => {}
            Node::Extension(_, extension) => self.add(&mut extension.child),
            Node::Branch(_, branch) => branch.children.iter_mut().for_each(|(_, child)| self.add(child)),
        }
    }

    /// Returns from which idleness on nodes are to go so that no more than `bytes_max` stay.
    pub(super) fn limit(&self, bytes_max: usize) -> u32 {
        let mut left = 0;
        let fits = self.bytes.iter().take_while(|bytes| {
            left += **bytes;
            left <= bytes_max
        });
        u32::try_from(fits.count()).unwrap_or(u32::MAX)
    }
}

impl Node {
    /// Forgets what was idle so long or longer, but the hashes; returns the bytes that are left.
    pub(super) fn sweep(&mut self, now: u32, limit: u32) -> usize {
        if idle(self, now) >= limit
            && let Some(hash) = self.hash()
        {
            *self = Self::Hash(hash);
        }
        let below = match self {
            Self::Hash(_) | Self::Leaf(..) => 0,
            Self::Extension(_, extension) => extension.child.sweep(now, limit),
            Self::Branch(_, branch) => {
                branch.children.iter_mut().map(|(_, child)| child.sweep(now, limit)).sum()
            }
        };
        self.bytes() + below
    }
}

/// Returns for how many blocks nobody used a node, or a multiple of that where it is worth less.
///
/// Leaves are guessed as a rule. Below a branch with few children there is little that will be used again.
fn idle(node: &Node, now: u32) -> u32 {
    let blocks = |used: u32| now.saturating_sub(used);
    match node {
        Node::Hash(_) => u32::MAX,
        Node::Leaf(_, leaf) => blocks(leaf.used).saturating_mul(4),
        Node::Extension(_, extension) => idle(&extension.child, now),
        Node::Branch(_, branch) if branch.children.len() < WIDE => blocks(branch.used).saturating_mul(2),
        Node::Branch(_, branch) => blocks(branch.used),
    }
}

package trust

import "edgecert/scanner/limits"

// Work is charged in verifications of an ordinary RSA key (see cost). A chain
// has an allowance of its own, so that no other one can starve it; beyond it,
// it draws on what the whole scan has, up to its limit.

// spend charges n for a chain that has spent s.work, and says whether it may.
func (s *search) spend(n int) bool {
	if s.f.ctx.Err() != nil || s.spent.work+n > limits.WorkOfChain {
		return false
	}
	if over := s.spent.work + n - max(limits.WorkFree, s.spent.work); over > 0 {
		if over > s.f.left {
			return false
		}
		s.f.left -= over
	}
	s.spent.work += n
	return true
}

// exhausted says whether the search must end; why is kept.
func (s *search) exhausted() bool {
	s.spent.steps++
	return s.spent.steps > limits.PathSteps || s.paths >= limits.Paths || s.f.ctx.Err() != nil
}

// spent is what one chain has cost, over all its searches.
type spent struct{ work, steps int }

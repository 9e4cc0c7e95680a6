package edge

// Map is what f makes of every element.
func Map[T, U any](list []T, f func(T) U) []U {
	if len(list) == 0 {
		return nil
	}
	out := make([]U, len(list))
	for i := range list {
		out[i] = f(list[i])
	}
	return out
}

// Keep is the elements that are wanted.
func Keep[T any](list []T, wanted func(T) bool) []T {
	var out []T
	for _, x := range list {
		if wanted(x) {
			out = append(out, x)
		}
	}
	return out
}

// Find is the first element that is wanted, and whether there is one.
func Find[T any](list []T, wanted func(T) bool) (found T, ok bool) {
	for _, x := range list {
		if wanted(x) {
			return x, true
		}
	}
	return found, false
}

// GroupBy sorts elements by a key, in the order in which the keys first come. An
// element with the zero key is left out.
func GroupBy[T any, K comparable](list []T, key func(T) K) [][]T {
	var none K
	var out [][]T
	places := Places[K]{}
	for _, x := range list {
		k := key(x)
		if k == none {
			continue
		}
		n, first := places.Of(k)
		if first {
			out = append(out, nil)
		}
		out[n] = append(out[n], x)
	}
	return out
}

// Places numbers keys in the order in which they first come, for lists that are
// gathered by them.
type Places[K comparable] map[K]int

// Of is the place of a key, and whether it is the first time that it comes.
func (p Places[K]) Of(k K) (place int, first bool) {
	place, known := p[k]
	if !known {
		place = len(p)
		p[k] = place
	}
	return place, !known
}

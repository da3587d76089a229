using Espalier.Compression.Search.Constraints;

namespace Espalier.Compression.Search;

/// <summary>The shapes of a space that keep to all constraints, as they are asked for: nothing is held, however many there are.</summary>
internal static class ShapeSearch
{
    private const int Shown = 3;

    /// <summary>The candidates, in the order of <see cref="SearchSpace.Shapes"/>.</summary>
    /// <param name="space">Sizes to combine.</param>
    /// <param name="constraints">What must hold; those that are dear to find out last.</param>
    /// <param name="kinds">The kinds of the layers that stay, by their number, where scores say it; null takes the first ones.</param>
    /// <exception cref="EspalierException">
    /// An illegal size; or, at the end, that no shape keeps to the constraints: the nearest are named.
    /// </exception>
    public static IEnumerable<Candidate> Enumerate(DecoderConfig teacher, SearchSpace space, IReadOnlyList<Constraint> constraints,
        Func<int, LayerKinds>? kinds = null, CancellationToken stop = default) =>
        Walk(Of(space.Shapes(teacher), kinds), constraints, stop);

    /// <summary>The same of shapes that were named one by one.</summary>
    public static IEnumerable<Candidate> Enumerate(IReadOnlyList<Candidate> shapes, IReadOnlyList<Constraint> constraints,
        Func<int, LayerKinds>? kinds = null, CancellationToken stop = default) =>
        Walk(Of(shapes, kinds), constraints, stop);

    // Before layers are ranked a hybrid's shapes have the first kinds of the pattern, and so another size than what is cut.
    private static IEnumerable<Candidate> Of(IEnumerable<Candidate> shapes, Func<int, LayerKinds>? kinds) => kinds is null ? shapes
        : shapes.Select(candidate => candidate with { Shape = candidate.Shape with { LayerKinds = kinds(candidate.Layers) } });

    private static IEnumerable<Candidate> Walk(IEnumerable<Candidate> shapes, IReadOnlyList<Constraint> constraints, CancellationToken stop)
    {
        // The nearest first misses, worst on top; only looked at while nothing was found.
        var nearest = new PriorityQueue<(Candidate Candidate, Constraint Missed, double Value),
            double>(Comparer<double>.Create((a, b) => b.CompareTo(a)));
        var (seen, found) = (0L, false);
        foreach (var candidate in shapes)
        {
            seen++;
            if (seen % 1024 == 0)
                stop.ThrowIfCancellationRequested();
            if (Missed(candidate, constraints) is not { } missed)
            {
                found = true;
                yield return candidate;
            }
            else if (!found)
            {
                nearest.Enqueue((candidate, missed.Constraint, missed.Value), missed.Distance);
                if (nearest.Count > Shown)
                    nearest.Dequeue();
            }
        }
        if (!found)
            throw Nothing(seen, constraints, nearest);
    }

    /// <summary>The constraint that is missed by most, of those before the first that has to be measured and fails.</summary>
    private static (Constraint Constraint, double Value, double Distance)? Missed(Candidate candidate,
        IReadOnlyList<Constraint> constraints)
    {
        (Constraint Constraint, double Value, double Distance)? worst = null;
        foreach (var constraint in constraints)
        {
            // Nothing is measured for a shape that is out already.
            if (worst is not null && (constraint is PrefillConstraint or DecodeConstraint))
                break;
            var value = constraint.Of(candidate);
            var distance = constraint.Budget.Distance(value);
            if (distance > 0 && distance > (worst?.Distance ?? 0))
                worst = (constraint, value, distance);
        }
        return worst;
    }

    private static EspalierException Nothing(
        long seen, IReadOnlyList<Constraint> constraints,
        PriorityQueue<(Candidate Candidate, Constraint Missed, double Value), double> nearest)
    {
        if (seen == 0)
            return new(
                "search: the grid has no shape but the teacher's own; give sizes below the teacher's, as in: hidden: [2048, 3072]");
        var (lines, keys) = (new List<string>(), "");
        while (nearest.TryDequeue(out var miss, out var distance))
        {
            lines.Add(
                string.Create(CultureInfo.InvariantCulture,
                    $"{miss.Candidate.Name} with {miss.Missed.Name} {miss.Value:0.######} ({distance * 100:0.#} % off)"));
            keys = miss.Candidate.Keys;
        }
        lines.Reverse();
        return new(
            $"search: none of the {seen} shapes meets "
                + $"{string.Join(" and ", constraints.Select(constraint => $"{constraint.Name} {constraint.Budget}"))}. The nearest "
                + $"({keys}): {string.Join("; ", lines)}. Widen the budget or the grid");
    }
}

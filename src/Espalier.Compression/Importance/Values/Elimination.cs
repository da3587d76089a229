namespace Espalier.Compression.Importance.Values;

/// <summary>
/// Scores units by what would be lost if the nearest copies went one after the other. Of all units that are left in a group, the pair with
/// the largest |cosine| is found; of the two the one with the smaller norm goes (of equal ones the higher index) with the score 1 −
/// |cosine|; and so on without it. So of several near copies one survives with a high score. The last unit of a group has 1, and a unit
/// that is always zero goes first, with 0.
/// </summary>
internal static class Elimination
{
    /// <summary>The scores.</summary>
    /// <param name="gram">Products of units, [units, units] row by row.</param>
    /// <param name="group">Units that are compared with each other: so many in a row.</param>
    public static double[] Scores(double[] gram, int units, int group)
    {
        var scores = new double[units];
        for (var first = 0; first < units; first += group)
            OfGroup(gram, units, first, Math.Min(group, units - first), scores);
        return scores;
    }

    private static void OfGroup(double[] gram, int units, int first, int count, double[] scores)
    {
        double Cosine(int i, int j)
        {
            var norms = Math.Sqrt(gram[i * (long)units + i]) * Math.Sqrt(gram[j * (long)units + j]);
            return norms > 0 ? Math.Min(1, Math.Abs(gram[i * (long)units + j]) / norms) : 1;
        }

        var left = Enumerable.Range(first, count).ToList();
        // A unit that is always zero is a copy of any, so these go first; paired like the others, each would be everybody's nearest.
        foreach (var dead in left.Where(i => gram[i * (long)units + i] == 0).Reverse().Take(left.Count - 1).ToArray())
        {
            scores[dead] = 0;
            left.Remove(dead);
        }
        var nearest = left.ToDictionary(i => i, i => Nearest(i));
        while (left.Count > 1)
        {
            var at = left.MaxBy(i => nearest[i].Cosine);
            var (other, cosine) = nearest[at];
            var gone = Weaker(at, other);
            scores[gone] = 1 - cosine;
            left.Remove(gone);
            foreach (var i in left)
                if (nearest[i].Unit == gone)
                    nearest[i] = Nearest(i);
        }
        scores[left[0]] = 1;

        (int Unit, double Cosine) Nearest(int i)
        {
            var best = (Unit: -1, Cosine: -1.0);
            foreach (var j in left)
                if (j != i && Cosine(i, j) is var cosine && cosine > best.Cosine)
                    best = (j, cosine);
            return best;
        }

        int Weaker(int i, int j)
        {
            var (a, b) = (gram[i * (long)units + i], gram[j * (long)units + j]);
            return a < b ? i : b < a ? j : Math.Max(i, j);
        }
    }
}

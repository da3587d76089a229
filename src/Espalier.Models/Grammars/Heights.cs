namespace Espalier.Models.Grammars;

/// <summary>
/// Finds how deep parts of a grammar are at least (Knuth, A generalization of Dijkstra's algorithm, 1977): with it no choice is made that
/// could not be written to its end.
/// </summary>
internal static class Heights
{
    /// <summary>Most parts of a grammar.</summary>
    public const int MostNodes = 100_000;

    // Grammars share the parts of JSON.
    private static readonly Lock s_gate = new();

    /// <summary>Sets the height of all that a node is made of.</summary>
    /// <exception cref="EspalierException">More than <see cref="MostNodes"/> parts.</exception>
    public static void Find(GrammarNode root)
    {
        lock (s_gate)
            FindAlone(root);
    }

    private static void FindAlone(GrammarNode root)
    {
        var users = new Dictionary<GrammarNode, List<GrammarNode>> { [root] = [] };
        var open = new Queue<GrammarNode>([root]);
        while (open.TryDequeue(out var node))
            foreach (var part in node.Parts)
            {
                if (users.TryGetValue(part, out var known))
                {
                    known.Add(node);
                    continue;
                }
                if (users.Count >= MostNodes)
                    throw new EspalierException($"the schema has more than {MostNodes} parts: make it smaller");
                users[part] = [node];
                open.Enqueue(part);
            }
        // A height only falls, and none that is found is above the deepest that is written: each falls that often at most.
        foreach (var node in users.Keys)
            open.Enqueue(node);
        while (open.TryDequeue(out var node))
        {
            var height = node.HeightOfParts();
            if (height > Grammar.Deepest)
                height = GrammarNode.Never;
            if (height >= node.Height)
                continue;
            node.Height = height;
            foreach (var user in users[node])
                open.Enqueue(user);
        }
    }
}

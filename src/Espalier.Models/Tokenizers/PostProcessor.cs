using Espalier.Models.Tokenizers.Formats;

namespace Espalier.Models.Tokenizers;

/// <summary>The ids that encoding with special tokens puts before and after those of the text.</summary>
internal sealed record PostProcessor(IReadOnlyList<int> Before, IReadOnlyList<int> After)
{
    /// <summary>Reads a node of the file, which may be null. Every id is checked against <paramref name="isToken"/>.</summary>
    public static PostProcessor Read(TokenizerNode node, Func<int, bool> isToken)
    {
        var result = new PostProcessor([], []);
        return node.IsNull ? result : result.Then(node, isToken);
    }

    private PostProcessor Then(TokenizerNode node, Func<int, bool> isToken)
    {
        switch (node["type"].Text())
        {
            case "Sequence":
                return node["processors"].Items().Aggregate(this, (current, item) => current.Then(item, isToken));
            case "ByteLevel":
                return this; // It adjusts offsets, never ids.
            case "TemplateProcessing":
                return Wrap(node, isToken);
            case "BertProcessing" or "RobertaProcessing":
                return new([Pair(node["cls"], isToken), .. Before], [.. After, Pair(node["sep"], isToken)]);
            case var type:
                throw node.Refuse(
                    $"post-processor '{type}' is not supported; supported are Sequence, ByteLevel, TemplateProcessing, BertProcessing "
                        + "and RobertaProcessing.");
        }
    }

    private PostProcessor Wrap(TokenizerNode node, Func<int, bool> isToken)
    {
        var (before, after, sequences) = (new List<int>(), new List<int>(), 0);
        foreach (var item in node["single"].Items())
        {
            if (!item["Sequence"].IsNull)
            {
                if (item["Sequence"]["id"].Text() != "A")
                    throw item.Refuse("a template for one text may only contain the sequence A.");
                sequences++;
            }
            else
            {
                (sequences == 0 ? before : after).AddRange(Ids(node["special_tokens"][item["SpecialToken"]["id"].Text()]["ids"], isToken));
            }
        }
        if (sequences != 1)
            throw node["single"].Refuse($"the template contains the text {sequences} times; exactly one is supported.");
        return new([.. before, .. Before], [.. After, .. after]);
    }

    // A token and its id.
    private static int Pair(TokenizerNode node, Func<int, bool> isToken) => node.Items().ToList() is [_, var id]
        ? isToken(id.Natural()) ? id.Natural() : throw id.Refuse($"{id.Natural()} is not the id of any token.")
        : throw node.Refuse("a token and its id are needed here.");

    private static IEnumerable<int> Ids(TokenizerNode node, Func<int, bool> isToken)
    {
        foreach (var item in node.Items())
            yield return item.Natural() is var id && isToken(id) ? id : throw item.Refuse($"{id} is not the id of any token.");
    }
}

using Espalier.Models.Tokenizers.Expressions;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Models.Tokenizers.Splitting;

namespace Espalier.Models.Tokenizers.Detokenizing;

/// <summary>The decoders of tokenizer.json.</summary>
internal static class Decoders
{
    /// <summary>Factories of the steps, in order; empty where the file has no decoder.</summary>
    public static IReadOnlyList<Func<DecodeStep, DecodeStep>> Read(TokenizerNode node)
    {
        var steps = new List<Func<DecodeStep, DecodeStep>>();
        if (!node.IsNull)
            Add(node, steps);
        return steps;
    }

    private static void Add(TokenizerNode node, List<Func<DecodeStep, DecodeStep>> steps)
    {
        switch (node["type"].Text())
        {
            case "Sequence":
                foreach (var item in node["decoders"].Items())
                    Add(item, steps);
                break;
            case "ByteLevel":
                steps.Add(next => new ByteLevelDecodeStep(next));
                break;
            case "ByteFallback":
                steps.Add(next => new ByteFallbackDecodeStep(next));
                break;
            case "Fuse":
                steps.Add(next => new FuseDecodeStep(next));
                break;
            case "Replace":
                var content = node["content"].Text();
                if (node["pattern"]["Regex"] is { IsNull: false } regex)
                {
                    var expression = Expression.Parse(regex.Text(), regex.Refuse);
                    steps.Add(next => new ReplaceDecodeStep(token => expression.Replace(token, content), next));
                    break;
                }
                var pattern = node.Replacement("a decoder").Pattern;
                steps.Add(next => new ReplaceDecodeStep(token => token.Replace(pattern, content, StringComparison.Ordinal), next));
                break;
            case "Strip":
                var (cut, start, stop) = (OneCharacter(node["content"]), node["start"].Natural(), node["stop"].Natural());
                steps.Add(next => new StripDecodeStep(cut, start, stop, next));
                break;
            case "Metaspace":
                var (mark, drop) = (OneCharacter(node["replacement"]), PreTokenizers.ReadScheme(node) != PrependScheme.Never);
                steps.Add(next => new MetaspaceDecodeStep(mark, drop, next));
                break;
            case "WordPiece":
                var (prefix, cleans) = (node["prefix"].Text("##"), node["cleanup"].Flag(true));
                steps.Add(next => new WordPieceDecodeStep(prefix, cleans, next));
                break;
            case "BPEDecoder":
                var suffix = node["suffix"].Text("</w>");
                steps.Add(next => new SuffixDecodeStep(suffix, next));
                break;
            case var type:
                throw node.Refuse(
                    $"decoder '{type}' is not supported; supported are Sequence, "
                        + "ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace, WordPiece and BPEDecoder.");
        }
    }

    private static char OneCharacter(TokenizerNode node) => node.Text() is { Length: 1 } text && !char.IsSurrogate(text[0])
        ? text[0]
        : throw node.Refuse("one character of the basic plane is needed here.");
}

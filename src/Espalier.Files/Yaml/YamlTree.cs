using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Espalier.Files;

/// <summary>A value of a YAML text, with the line that it begins on.</summary>
internal abstract record YamlValue(long Line);

/// <summary>A scalar, as text whatever it looks like.</summary>
internal sealed record YamlText(string Text, bool Quoted, long Line) : YamlValue(Line)
{
    /// <summary>Nothing, or YAML's null.</summary>
    public bool IsEmpty => !Quoted && Text is "" or "~" or "null";
}

/// <summary>A sequence.</summary>
internal sealed record YamlList(IReadOnlyList<YamlValue> Items, long Line) : YamlValue(Line);

/// <summary>A mapping in the order of the text; no key comes twice.</summary>
internal sealed record YamlMap(IReadOnlyList<(YamlText Key, YamlValue Value)> Entries, long Line) : YamlValue(Line);

/// <summary>What a YAML text is, for messages.</summary>
/// <param name="Name">Such as recipe.</param>
/// <param name="Needs">What it has at least.</param>
internal sealed record YamlKind(string Name, string Needs);

/// <summary>
/// Builds the tree from the parser's events, so that depth is known before anything recurses. Anchors, aliases and tags are refused:
/// nobody needs them here, and they are what makes small YAML files large.
/// </summary>
internal sealed class YamlTree
{
    private const int MaxDepth = 16;

    private readonly string _source;
    private readonly Parser _parser;

    private readonly YamlKind _kind;

    private YamlTree(string text, string source, YamlKind kind) =>
        (_source, _parser, _kind) = (source, new Parser(new StringReader(text)), kind);

    /// <summary>The one document of a text.</summary>
    /// <exception cref="EspalierException">
    /// Not YAML, empty, more than one document, too deep, or with anchors, aliases or tags; the line is named.
    /// </exception>
    public static YamlValue Parse(string text, string source, YamlKind kind)
    {
        var tree = new YamlTree(text, source, kind);
        try
        {
            return tree.Document();
        }
        catch (YamlException error)
        {
            throw new EspalierException($"{source}, line {Math.Max(1, error.Start.Line)}: not valid YAML: {error.Message}", error);
        }
        catch (Exception error) when (error is not EspalierException and not OutOfMemoryException)
        {
            // The parser has no words for what is left open.
            throw new EspalierException(
                $"{source}, line {Math.Max(1, tree._parser.Current?.Start.Line ?? 1)}: not valid YAML: something that begins there "
                    + "never ends; is a [, a { or a quote left open?", error);
        }
    }

    private YamlValue Document()
    {
        Expect<StreamStart>();
        if (Next() is not DocumentStart)
            throw new EspalierException($"{_source}: is empty; a {_kind.Name} names at least {_kind.Needs}");
        var root = Value(Next(), 0);
        Expect<DocumentEnd>();
        var end = Next();
        return end is StreamEnd ? root
            : throw new EspalierException($"{_source}, line {end.Start.Line}: a second document begins; a {_kind.Name} is a single "
                + "document");
    }

    private YamlValue Value(ParsingEvent at, int depth)
    {
        if (at is AnchorAlias or NodeEvent { Anchor.IsEmpty: false } or NodeEvent { Tag.IsEmpty: false })
            throw new EspalierException(
                $"{_source}, line {at.Start.Line}: anchors, aliases and tags (& * !) are not "
                    + $"used in {_kind.Name}s; write the value itself, in quotes if it begins with one of them");
        if (depth > MaxDepth)
            throw new EspalierException($"{_source}, line {at.Start.Line}: is nested more than {MaxDepth} levels deep; a {_kind.Name} "
                + "needs fewer");
        return at switch
        {
            Scalar scalar => new YamlText(scalar.Value, scalar.Style != ScalarStyle.Plain, scalar.Start.Line),
            SequenceStart => List(at, depth),
            MappingStart => Map(at, depth),
            _ => throw new EspalierException($"{_source}, line {at.Start.Line}: a value was expected"),
        };
    }

    private YamlList List(ParsingEvent start, int depth)
    {
        var items = new List<YamlValue>();
        for (var at = Next(); at is not SequenceEnd; at = Next())
            items.Add(Value(at, depth + 1));
        return new(items, start.Start.Line);
    }

    private YamlMap Map(ParsingEvent start, int depth)
    {
        var entries = new List<(YamlText, YamlValue)>();
        var lines = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var at = Next(); at is not MappingEnd; at = Next())
        {
            if (Value(at, depth + 1) is not YamlText key)
                throw new EspalierException($"{_source}, line {at.Start.Line}: a key must be a word");
            if (!lines.TryAdd(key.Text, key.Line))
                throw new EspalierException(
                    $"{_source}, line {key.Line}: {OneLine.Clipped(key.Text)} appears twice, first on line {lines[key.Text]}; keep one");
            entries.Add((key, Value(Next(), depth + 1)));
        }
        return new(entries, start.Start.Line);
    }

    private ParsingEvent Next()
    {
        while (_parser.MoveNext())
            if (_parser.Current is { } found and not Comment)
                return found;
        throw new EspalierException($"{_source}: ends unexpectedly");
    }

    private void Expect<T>() where T : ParsingEvent
    {
        if (Next() is not T)
            throw new EspalierException($"{_source}: contains no YAML document");
    }
}

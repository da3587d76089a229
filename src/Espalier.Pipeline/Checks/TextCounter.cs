using System.Collections.Concurrent;
using Espalier.Compression.Data;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Texts;

namespace Espalier.Pipeline.Checks;

/// <summary>
/// How long texts are, before they are encoded for good: ids are counted, text of a few megabytes is encoded and thrown away, and longer
/// text has a length that it cannot be above. What was counted for one recipe is not counted again for the next.
/// </summary>
internal sealed class TextCounter(CancellationToken stop)
{
    // About a second of encoding.
    private const long CountedBytes = 8 << 20;

    // Files of ids up to here are read, so that one outside the vocabulary is found.
    private const long ReadBytes = 256 << 20;

    // Compressed text is taken for so many times as long.
    private const int Unpacked = 4;

    // A token is of at least one byte; an invalid byte is read as a character of three, and each document may bring BOS and EOS.
    private const int MostTokensOfAByte = 4;

    private static readonly string[] s_plain = [".txt", ".md", ".jsonl", ".xml"];

    private readonly ConcurrentDictionary<string, (TextSize? Train, TextSize? HeldOut)> _counted = new(StringComparer.Ordinal);

    /// <summary>Training and held-out tokens of a recipe.</summary>
    /// <param name="data">Sources and share.</param>
    /// <param name="tokenizer">The tokenizer; null where it is not known, and text can then not be counted.</param>
    /// <param name="vocabulary">Ids are below it.</param>
    /// <exception cref="EspalierException">A source that is not there or cannot be read, or a share that leaves one side empty.</exception>
    public (TextSize? Train, TextSize? HeldOut) OfData(DataSection data, Tokenizer? tokenizer, int vocabulary)
    {
        if (data.IsMixture)
            return OfMixture(data, tokenizer, vocabulary);
        if (data.Train is not [var single] || !DataSection.IsIds(single))
            return OfText(data.Train, data, data.HeldOut, tokenizer, vocabulary, name: null);
        var all = OfIds(single, vocabulary);
        if (data.HeldOut == 0)
            return (all, null);
        var (train, heldOut) = DataStage.SplitOfIds(single, all.Tokens, data);
        return (all with { Tokens = train }, all with { Tokens = heldOut });
    }

    /// <summary>Of several sources all together, where it is cut by a budget at most; unknown where one is.</summary>
    private (TextSize? Train, TextSize? HeldOut) OfMixture(DataSection data, Tokenizer? tokenizer, int vocabulary)
    {
        var name = string.Join(", ", data.Train);
        var sizes = data.Sources.Select(source => (source.Tokens,
            Size: OfText([source.Path], data, data.HeldOut, tokenizer, vocabulary, source.Path))).ToArray();
        // A source may hold out no document, but not all of them.
        if (data.HeldOut > 0 && sizes.All(one => one.Size.HeldOut is { Tokens: 0 }))
            throw OneSidedSplitException.NothingHeldOut(data.HeldOut, sizes.Sum(one => one.Size.Train!.Documents ?? 0), name);
        return (Sum(name, sizes.Select(one => one.Size.Train is { } train && one.Tokens < train.Tokens
            ? train with { IsExact = false } : one.Size.Train)),
            data.HeldOut == 0 ? null : Sum($"held-out of {name}", sizes.Select(one => one.Size.HeldOut)));

        static TextSize? Sum(string name, IEnumerable<TextSize?> sizes) => sizes.Any(static size => size is null) ? null
            : new(name, sizes.Sum(static size => size!.Tokens), sizes.All(static size => size!.IsExact));
    }

    /// <summary>The tokens of one text that is evaluated on.</summary>
    public TextSize? OfText(string name, string source, Tokenizer? tokenizer, int vocabulary) =>
        DataSection.IsIds(source) ? OfIds(source, vocabulary)
            : OfText([source], new(), 0, tokenizer, vocabulary, $"{name} ({source})").Train;

    private (TextSize? Train, TextSize? HeldOut) OfText(
        IReadOnlyList<string> sources, DataSection data, double heldOut, Tokenizer? tokenizer, int vocabulary, string? name)
    {
        var source = DocumentSource.Parse(sources, data.Field);
        name ??= source.Description;
        string[] files = [.. source.Files];
        var isPlain = files.All(IsPlain);
        var bytes = files.Sum(file => RealPath.LengthOf(file) * (IsPlain(file) ? 1 : Unpacked));
        if (tokenizer is not null && bytes <= CountedBytes)
            return _counted.GetOrAdd(
                string.Join('\0', [tokenizer.Sha256, $"{heldOut:R}", $"{vocabulary}", data.Field ?? "", $"{data.NearDuplicates:R}",
                    data.Language ?? "", $"{data.MaxRepetition:R}", $"{data.IsMixture}", .. sources]),
                _ => Count(sources, data, heldOut, tokenizer, vocabulary, name));
        if (!isPlain)
            return (null, null);
        var most = new TextSize(name, MostTokensOfAByte * bytes + MostTokensOfAByte, IsExact: false);
        return (most, heldOut > 0 ? most with { Name = $"held-out of {name}" } : null);
    }

    private (TextSize? Train, TextSize? HeldOut) Count(
        IReadOnlyList<string> sources, DataSection data, double heldOut, Tokenizer tokenizer, int vocabulary, string name)
    {
        using var folder = ScratchFolder.Begin();
        // Written and opened as the run does it, so that what it would refuse is refused.
        var summary = Corpus.Build(
            new()
            {
                Sources = sources,
                Field = data.Field,
                HeldOut = new(heldOut),
                Filters = DocumentFilters.Of(data),
                MaxRepetition = data.MaxRepetition,
                MayHoldOutNone = data.IsMixture,
            }, DocumentEncoder.Of(tokenizer, vocabulary), folder.Path,
            cancellation: stop);
        foreach (var side in Directory.GetDirectories(folder.Path))
            using (TokenStore.Open(side, vocabulary))
            {
            }
        return (new(name, summary.Train.Tokens, IsExact: true) { Documents = summary.Train.Documents },
            heldOut > 0 ? new($"held-out of {name}", summary.HeldOut?.Tokens ?? 0, IsExact: true) : null);
    }

    private static TextSize OfIds(string spec, int vocabulary)
    {
        if (File.Exists(spec) && RealPath.LengthOf(spec) is > ReadBytes and var bytes)
            return new(spec, bytes / (spec.EndsWith(".u16", StringComparison.OrdinalIgnoreCase) ? 2 : 4), IsExact: true);
        var ids = TokenIds.Parse(spec, vocabulary);
        using var closing = ids as IDisposable;
        return TextSize.Of(ids);
    }

    private static bool IsPlain(string file) => s_plain.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
}

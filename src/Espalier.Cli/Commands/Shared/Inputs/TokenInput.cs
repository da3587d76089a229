using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>What a command reads: text, which the model's tokenizer encodes, or token ids.</summary>
internal sealed class TokenInput
{
    private readonly Argument<string[]> _text = new("text")
    {
        Description =
            "Text: txt, md, jsonl, json, csv, parquet or source files, also compressed (.gz, .zst, "
                + ".bz2), folders, patterns such as docs/**/*.md, or dotnet-docs",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly TextOption _ids = new("--ids",
        "Token ids instead of text: FILE.i32 (little-endian int32), FILE.u16, a token store folder, or 1,2,3", "IDS");

    private readonly TextOption _field = new("--field",
        "Field of JSON records, or column of a table, that holds the text; "
            + "by default text, content, prompt + completion, messages, ...", "NAME");

    internal IEnumerable<Symbol> Symbols => [_text, _ids, _field];

    /// <summary>The field that holds the text; null for any known shape.</summary>
    internal string? Field(CommandRun run) => run.Get(_field);

    /// <summary>What stands after the model, whatever it is.</summary>
    internal IReadOnlyList<string> Words(CommandRun run) => run.Get(_text) ?? [];

    internal bool IsGiven(CommandRun run) => run.Get(_text) is { Length: > 0 } || run.Has(_ids);

    /// <summary>What is read, as what no output may touch.</summary>
    internal IEnumerable<ReadPlace> Places(CommandRun run) =>
        SourcePlaces.Of("the text", run.Get(_text) ?? []).Concat(SourcePlaces.Of("the ids", run.Get(_ids) is { } given ? [given] : []));

    /// <summary>What the user gave, unread: the sources of text, or the ids.</summary>
    /// <exception cref="EspalierException">Nothing or both were given.</exception>
    internal (string[] Text, string? Ids) Given(CommandRun run)
    {
        var sources = run.Get(_text) ?? [];
        if (sources.Length > 0 && run.Has(_ids))
            throw new EspalierException($"both text ({sources[0]}) and --ids were given: give one of them");
        if (sources.Length == 0 && !run.Has(_ids))
            throw new EspalierException("no input was given: give text files or folders after the model, or token ids with --ids");
        if (run.Has(_ids) && run.Has(_field))
            throw new EspalierException("--field was given with --ids, which have no fields: leave it out");
        return (sources, run.Has(_ids) ? run.Get(_ids) : null);
    }

    /// <summary>
    /// Opens what the user gave as what a stage reads, all of it; dispose its value. Ids have the hash that they have for a training
    /// command, which holds none out.
    /// </summary>
    /// <inheritdoc cref="Open" path="/exception"/>
    internal Slot<TokenSets> Tokens(CommandRun run, Checkpoint model, int sequence)
    {
        var source = Open(run, model);
        var hash = source.Tokens is TokenStore store ? store.Index.TokensSha256
            : DataStage.HashOf(run.Get(_ids)!, new() { Train = [run.Get(_ids)!], HeldOut = 0, Sequence = sequence });
        return new("the text") { Value = new(source.Tokens, source.Tokens, hash, null, [source]) };
    }

    /// <summary>Opens what the user gave. Every id is below the model's vocabulary.</summary>
    /// <exception cref="EspalierException">Nothing or both were given, nothing is there, or an id is outside the vocabulary.</exception>
    internal TokenSource Open(CommandRun run, Checkpoint model)
    {
        var (sources, given) = Given(run);
        if (given is not null)
            return new TokenSource(TokenIds.Parse(given, model.Config.VocabularySize));
        return TokenSource.Encode(sources, model, Tokenizer.Load(model.Folder), run, Field(run));
    }
}

using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Data.Xml;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Pruning;

namespace Espalier.Pipeline.Checks;

/// <summary>
/// The files that a recipe reads: whether they are there, can be encoded, and are long enough as far as that can be known.
/// </summary>
/// <param name="refusals">Takes what is refused.</param>
/// <param name="recipe">The recipe.</param>
/// <param name="teacher">The teacher, open.</param>
/// <param name="isOnlyPlanned">Whether the teacher has no weights, so that its text need not be there yet.</param>
/// <param name="counter">Counts texts.</param>
internal sealed class TextChecks(Refusals refusals, Recipe recipe, Checkpoint teacher, bool isOnlyPlanned, TextCounter counter)
{
    private readonly List<string> _unchecked = [];
    private readonly int _vocabulary = teacher.Config.VocabularySize;
    private Tokenizer? _tokenizer;

    /// <summary>Adds what is refused; returns what could not be looked at, one line each.</summary>
    public IReadOnlyList<string> Run()
    {
        var readsTokens = recipe.Data.Train is not [var single] || !DataSection.IsIds(single)
            || recipe.Data.Calibration is { } text && !DataSection.IsIds(text)
            || recipe.Evaluate.Any(set => SourceOf(set) is { } source && !DataSection.IsIds(source))
            || TaskChecks.OfLayers(recipe, teacher.Config) is not null || recipe.AllTasks.Any();
        if (readsTokens && IsThere("tokenizer", TokenizerSource.Find(teacher.Folder)
            ?? Path.Combine(teacher.Folder, "tokenizer.json"), () => Tokenizer.Load(teacher.Folder)))
            _tokenizer = refusals.Try(() => Tokenizer.Load(teacher.Folder));
        var (train, heldOut) = Data();
        var evaluations = new Dictionary<string, TextSize>();
        foreach (var set in recipe.Evaluate)
            if (SourceOf(set) is { } source && Size($"evaluate: {set.Name}", set.Name, source) is { } size)
                evaluations.Add(set.Name, size);
        var reference = recipe is { Correct: not null, Correction.When: CorrectWhen.Auto }
            && NeedStage.ReferencePath(teacher.Folder, recipe.Correction.Reference) is { } path
            ? Size("correct.reference", "reference", path) : null;
        var calibration = recipe.Data.Calibration is { } scored ? Size("data.calibration", "calibration", scored) : null;
        TextDemands.Check(refusals, recipe, teacher.Config, new(train, heldOut, evaluations, reference) { Calibration = calibration });
        return _unchecked;
    }

    private (TextSize? Train, TextSize? HeldOut) Data()
    {
        (TextSize?, TextSize?) found = default;
        var missing = isOnlyPlanned
            ? recipe.Data.Train.Where(source => !DataSection.IsIds(source) && source != RecipePaths.DotnetDocs
                && !RecipePaths.IsThere(source)).ToArray() : [];
        foreach (var source in missing)
            _unchecked.Add($"data.train: {source} does not exist");
        if (missing.Length == 0)
            refusals.Try(() => { found = counter.OfData(recipe.Data, _tokenizer, _vocabulary); });
        if (recipe.Data is { Documents: DocumentContext.Separate, Train: [var single] } && DataSection.IsIds(single)
            && teacher.Config.EosTokenIds.Count == 0)
            refusals.Add(DocumentBoundaries.NoEos(single));
        return found;
    }

    private TextSize? Size(string key, string name, string source)
    {
        TextSize? size = null;
        if (DataSection.IsIds(source) || IsThere(key, source))
            refusals.Try(() => { size = counter.OfText(name, source, _tokenizer, _vocabulary); });
        return size;
    }

    /// <summary>Whether a file can be looked at; what is missing is refused, or put aside where there is only planned.</summary>
    private bool IsThere(string key, string path, Action? complain = null)
    {
        if (RecipePaths.IsThere(path) || (path == RecipePaths.DotnetDocs && complain is null))
            return true;
        if (isOnlyPlanned)
            _unchecked.Add(key == "tokenizer"
                ? $"{teacher.Folder} has no tokenizer.json: did not check whether the text can be encoded and is long enough"
                : $"{key}: {path} does not exist");
        else if (complain is not null)
            refusals.Try(complain);
        else
            refusals.Add($"{key}: {path} does not exist; give an existing file, folder or pattern");
        return false;
    }

    private string? SourceOf(EvaluationSet set) =>
        set.Source ?? (set.Name == EvaluationList.HeldOut ? null : Path.Combine(teacher.Folder, NeedStage.SelfWrittenFile));
}

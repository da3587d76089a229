using Espalier.Compression.Search;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Stages;

public sealed partial class Compressor
{
    private SearchResult? _found;
    private IReadOnlyList<SearchTask> _tasks = [];

    private TrainingSection? SearchTraining => recipe.Search?.Training(recipe.Distill!, recipe.Search.Rungs[^1]);

    /// <summary>Goes as far as the search for a shape; <see cref="Run"/> goes on from there.</summary>
    /// <exception cref="EspalierException">The recipe has none.</exception>
    public SearchResult RunSearch()
    {
        if (recipe.Search is null)
            throw new EspalierException("the recipe has no search; give it one, as in: search: { non-embedding-parameters: 3M +-5%, hidden: [128, 192] }");
        run.BeginArm(arm);
        var teacher = Teacher(out _, out var vocabulary);
        _ = CheckedCuts();
        using var data = DataStage.Run(run, recipe.Data, teacher.Path, vocabulary);
        var texts = Texts(data, teacher.Path, vocabulary);
        CheckText(data, texts);
        var corrected = Correct(IsCorrected(teacher, data, vocabulary) ? recipe.Correct : null, teacher, data, texts);
        PruneTo(corrected, Score(corrected, recipe.Prune, data), data, texts);
        foreach (var text in texts)
            (text.Tokens as IDisposable)?.Dispose();
        return _found!;
    }

    /// <summary>How the student is pruned: to the shape that the recipe's search finds.</summary>
    private PruneSection PruneTo(ModelFolder teacher, (string Path, string Hash)? scores, TokenSets data, IReadOnlyList<EvaluationText> texts)
    {
        var search = recipe.Search!;
        var compared = texts.Where(text => text.Name == "held-out").Concat(texts.Where(text => search.Tasks.Contains(text.Name))).ToArray();
        using var original = Checkpoint.Open(recipe.Teacher, requireWeights: false);
        _found = SearchStage.Run(run, new(
            teacher, scores!.Value, recipe.Prune, search, recipe.Distill!, data, compared, _tasks, _sequence, recipe.Seed, original.StoredType.Bytes(), recipe.Clamp));
        return recipe.Prune with { Target = _found.Target(recipe.Prune.Target.Multiple) };
    }

    /// <summary>Refuses sizes of a search that cannot be, a budget that nothing keeps to as far as it needs no measuring, and broken tasks.</summary>
    private DecoderConfig CheckSearch(Checkpoint teacher, SearchSection search, int sequence)
    {
        _tasks = [.. search.Tasks.Where(SearchTask.IsFile).Select(task => SearchTask.Open(task, teacher.Folder))];
        return search.Enumerate(teacher.Config, sequence, teacher.StoredType.Bytes(), latency: null).First().Shape;
    }

    /// <summary>Numbers of layers that may go at once, for the scores; 1 is always there.</summary>
    private int[] SpansToScore(DecoderConfig teacher)
    {
        var search = recipe.Search!;
        var kept = search.CandidatesFile is { } file ? CandidatesFile.Read(file, teacher, search.Space.Multiple).Select(candidate => candidate.Layers)
            : search.Space.Layers;
        return [1, .. kept.Select(layers => teacher.Layers - layers).Where(dropped => dropped > 1).Distinct().Order()];
    }
}

using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Caching;
using Espalier.Models;

namespace Espalier.Compression.Recipes.Stages;

/// <summary>The teacher of a training stage, loaded or out of a cache. Dispose it.</summary>
internal sealed class Guide : IDisposable
{
    private readonly Decoder? _decoder;
    private readonly TeacherCache? _cache;
    private readonly CachedTeacher? _cached;

    private Guide(Decoder decoder) => (_decoder, Teacher) = (decoder, new OnlineTeacher(decoder));

    private Guide(TeacherCache cache)
    {
        _cache = cache;
        Teacher = _cached = new CachedTeacher(cache);
    }

    /// <summary>What the objective asks.</summary>
    public TeacherGuide Teacher { get; }

    /// <summary>The teacher's shape; null of a cache.</summary>
    public DecoderConfig? Config => _decoder?.Config;

    /// <summary>Opens the folder that stands for the teacher: a model's, or a cache's where the section has one.</summary>
    /// <exception cref="EspalierException">The vocabularies do not go together.</exception>
    public static Guide Of(ModelFolder teacher, TrainingSection section, DecoderConfig student)
    {
        var guide = section.Cache is null ? new Guide(teacher.Load()) : new Guide(TeacherCache.Open(teacher.Path));
        var vocabulary = guide.Config?.VocabularySize ?? guide._cache!.Key.Vocabulary;
        if (vocabulary == student.VocabularySize)
            return guide;
        guide.Dispose();
        throw new EspalierException(
            $"{teacher.Path} has a vocabulary of {vocabulary} and the student one of {student.VocabularySize}: distillation on logits needs the same tokenizer");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _decoder?.Dispose();
        _cached?.Dispose();
        _cache?.Dispose();
    }
}

using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Distillation.Losses;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>The teacher of a training stage, loaded or out of a cache. Dispose it.</summary>
internal sealed class OpenTeacher : IDisposable
{
    private readonly TeacherCache? _cache;
    private readonly CachedTeacher? _cached;
    private readonly int _shared;

    private OpenTeacher(Decoder model, int shared)
    {
        (Model, _shared) = (model, shared);
        Teacher = Aligned(new OnlineTeacher(model));
    }

    private OpenTeacher(TeacherCache cache)
    {
        (_cache, _shared) = (cache, cache.Key.Vocabulary);
        Teacher = _cached = new CachedTeacher(cache);
    }

    /// <summary>What the objective asks.</summary>
    public Teacher Teacher { get; }

    /// <summary>The teacher itself; null of a cache.</summary>
    public Decoder? Model { get; }

    /// <summary>The teacher's shape; null of a cache.</summary>
    public DecoderConfig? Config => Model?.Config;

    /// <summary>Opens the folder that stands for the teacher: a model's, or a cache's where the section has one.</summary>
    /// <exception cref="EspalierException">The vocabularies do not go together.</exception>
    public static OpenTeacher Of(ModelFolder teacher, ModelFolder student, TrainingSection section, IProgressReporter progress)
    {
        if (section.Cache is not null)
            return OfCache(teacher, student);
        var alignment = VocabularyAlignment.Of(teacher.Path, student.Path);
        if (alignment.Note is { } note)
            progress.Note(note);
        if (alignment.Warning is { } warning)
            progress.Warn(warning);
        return new(teacher.Load(), alignment.Size);
    }

    /// <summary>A teacher restricted to the entries that it shares with the student.</summary>
    public Teacher Aligned(Teacher teacher) => new AlignedTeacher(teacher, _shared);
    public void Dispose()
    {
        Model?.Dispose();
        _cached?.Dispose();
        _cache?.Dispose();
    }

    // A cache keeps entries of the whole vocabulary, and not what they would be without padding.
    private static OpenTeacher OfCache(ModelFolder teacher, ModelFolder student)
    {
        var cache = TeacherCache.Open(teacher.Path);
        using var checkpoint = student.Open();
        if (cache.Key.Vocabulary == checkpoint.Config.VocabularySize)
            return new(cache);
        cache.Dispose();
        throw new EspalierException(
            $"{teacher.Path} has a vocabulary of {cache.Key.Vocabulary} but {student.Path} has one of "
                + $"{checkpoint.Config.VocabularySize}: train with the teacher itself, whose padding is known");
    }
}

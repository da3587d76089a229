namespace Espalier.Pipeline.Stages.Running;

/// <summary>
/// What one stage makes and later ones read: tokens, scores, a model. A list of stages is made before any of them runs, so that they know
/// each other by these; a value is there once the stage that makes it has run.
/// </summary>
/// <typeparam name="T">The artefact.</typeparam>
/// <param name="name">For errors, and of a model for tables.</param>
internal class Slot<T>(string name) where T : class
{
    private T? _value;

    public string Name => name;

    /// <summary>
    /// What stands for it where it is not made: for a corrected teacher the teacher, where a test says that it needs no correction. Null
    /// for nothing.
    /// </summary>
    public Slot<T>? Otherwise { get; set; }

    /// <summary>The artefact.</summary>
    /// <exception cref="InvalidOperationException">It is read before the stage that makes it: a fault of the list.</exception>
    public T Value
    {
        get => _value ?? Otherwise?.Value ?? throw new InvalidOperationException($"{name} is read before it is made.");
        set => _value = value;
    }

    /// <summary>Whether it was made itself.</summary>
    public bool IsMade => _value is not null;
}

/// <summary>A model that a stage makes, with what is known of it beforehand.</summary>
/// <param name="name">For tables: teacher, corrected teacher, pruned, student.</param>
/// <param name="planned">Its shape; where a search finds that, the largest that it may find.</param>
/// <param name="stored">Element type of its weights.</param>
internal sealed class ModelSlot(string name, DecoderConfig planned, ElementType stored) : Slot<ModelFolder>(name)
{
    /// <summary>Its shape before it is made.</summary>
    public DecoderConfig Planned => planned;

    /// <summary>Element type of its weights before it is made.</summary>
    public ElementType Stored => stored;

    /// <summary>A model that is there.</summary>
    public static ModelSlot Of(ModelFolder model) => new(model.Name, model.Config, model.Stored) { Value = model };
}

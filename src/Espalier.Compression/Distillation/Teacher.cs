using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation.Losses;

namespace Espalier.Compression.Distillation;

// Shapes: B batch, T time, E teacher width.

/// <summary>A teacher's outputs for a batch.</summary>
/// <param name="Distributions">Its distributions.</param>
/// <param name="States">Its hidden states if requested, without gradients. The caller's scope owns them.</param>
public readonly record struct TeacherOutputs(TeacherDistributions Distributions, IReadOnlyDictionary<TapPlace, Tensor> States);

/// <summary>What a student learns from: a model in memory, or a cache that was written before.</summary>
public abstract class Teacher
{
    /// <summary>Whether several threads may use it at once.</summary>
    public virtual bool TakesThreads => false;

    /// <summary>Whether it holds no tensor of its outputs longer than a step, as <see cref="LogitLoss.LetsGo"/>.</summary>
    internal virtual bool LetsGo => GetType().Assembly == typeof(Teacher).Assembly;

    /// <summary>Its outputs for a batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="ids_BT">Its inputs as a tensor.</param>
    /// <param name="places">Hidden states that a loss reads.</param>
    public abstract TeacherOutputs OutputsOf(Batch batch, Tensor ids_BT, IReadOnlyCollection<TapPlace> places);
}

/// <summary>A teacher in memory, run on every batch without gradients. It stays the caller's.</summary>
public sealed class OnlineTeacher(Decoder teacher) : Teacher
{
    private static readonly Dictionary<TapPlace, Tensor> s_noStates = [];

    /// <inheritdoc/>
    public override bool TakesThreads => true;

    /// <inheritdoc/>
    public override TeacherOutputs OutputsOf(Batch batch, Tensor ids_BT, IReadOnlyCollection<TapPlace> places)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        return places.Count > 0 ? Tapped(batch, ids_BT, places, scope)
            : new(Distributions(scope.Keep(Rows(teacher.Forward(ids_BT, places: batch.Places)))), s_noStates);
    }

    private TeacherOutputs Tapped(Batch batch, Tensor ids_BT, IReadOnlyCollection<TapPlace> places, TensorScope scope)
    {
        var states = new Dictionary<TapPlace, Tensor>();
        var hidden_BTE = teacher.Forward(ids_BT, (point, layer, value) =>
        {
            // The handle ends with the block's scope; the storage is never written again.
            if (places.Contains(new(point, layer)))
                states[new(point, layer)] = value.Detach().Unscoped();
        }, places: batch.Places);
        foreach (var state in states.Values)
            scope.Keep(scope.Adopt(state));
        return new(Distributions(scope.Keep(Rows(hidden_BTE))), states);
    }

    private DenseDistributions Distributions(Tensor hidden_NE) => DenseDistributions.Of(hidden_NE, teacher.Head);

    private static Tensor Rows(Tensor hidden_BTE) => hidden_BTE.View(-1, hidden_BTE.Size(-1));
}

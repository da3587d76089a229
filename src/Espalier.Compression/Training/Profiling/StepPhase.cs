namespace Espalier.Compression.Training.Profiling;

/// <summary>What a training step does, in the order in which it does it.</summary>
internal enum StepPhase
{
    /// <summary>Reading windows of ids.</summary>
    Data,

    /// <summary>The teacher up to its last norm; where it learns meanwhile, all that it does for that.</summary>
    Teacher,

    /// <summary>The student up to its last norm.</summary>
    Forward,

    /// <summary>Logits of both models, the loss, and its gradients of the student's hidden states and head.</summary>
    Head,

    /// <summary>From the hidden states back to the embedding.</summary>
    Backward,

    /// <summary>Gradient norms and the update of the weights.</summary>
    Optimizer,

    /// <summary>What no other phase has.</summary>
    Other,
}

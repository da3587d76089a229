using Espalier.Models.Serving;
using Espalier.Server.Loading;
using Espalier.Server.Requests;

namespace Espalier.Server.Answers;

/// <summary>The embeddings of some texts: each the mean of the model's last hidden states, of length 1.</summary>
internal static class EmbeddingSet
{
    /// <summary>Computes them, in the order of the texts.</summary>
    /// <param name="prompts">Ids of each text.</param>
    /// <exception cref="RequestException">A text that is too long, or no room in the queue.</exception>
    public static async Task<float[][]> ComputeAsync(ServedModel model, IReadOnlyList<int[]> prompts, CancellationToken cancellation)
    {
        // Ends those that are on their way where one cannot be.
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var receivers = new List<Receiver>();
        try
        {
            foreach (var prompt in prompts)
            {
                var receiver = new Receiver();
                // Many texts are one request: they wait for each other, and are not refused for it.
                for (var first = 0; !Submit(model, prompt, receiver, leaving.Token); first++)
                {
                    while (first < receivers.Count && receivers[first].Result.IsCompleted)
                        first++;
                    if (first == receivers.Count)
                        throw model.Engine.IsStopping ? AnswerSet.Stopping() : AnswerSet.Full();
                    await receivers[first].Result.ConfigureAwait(false);
                }
                receivers.Add(receiver);
            }
            return await Task.WhenAll(receivers.Select(static receiver => receiver.Result)).ConfigureAwait(false);
        }
        catch
        {
            await leaving.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static bool Submit(ServedModel model, int[] prompt, Receiver receiver, CancellationToken cancellation)
    {
        try
        {
            return model.Engine.TrySubmit(new() { Prompt = prompt, MaxTokens = 0, Embeds = true }, receiver, cancellation);
        }
        catch (EspalierException error)
        {
            throw RequestException.OfPrompt(error, "input");
        }
    }

    private sealed class Receiver : IServedReceiver
    {
        private readonly TaskCompletionSource<float[]> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private float[]? _mean;

        public Task<float[]> Result => _result.Task;

        public void Begin(int reused)
        {
        }

        public bool Accept(ServedToken token) => false;

        public void Embed(float[] mean) => _mean = mean;

        public void End(ServedEnd end, Exception? failure)
        {
            if (end == ServedEnd.Complete && _mean is not null)
                _result.SetResult(Unit(_mean));
            else if (end == ServedEnd.Cancelled)
                _result.SetCanceled();
            else if (end == ServedEnd.ShutDown)
                _result.SetException(AnswerSet.Stopping());
            else
                _result.SetException(new RequestException(500, $"the model failed: {failure?.Message}"));
        }

        // A mean of nothing but zeros has no direction and stays.
        private static float[] Unit(float[] mean)
        {
            var length = Math.Sqrt(mean.Sum(static x => (double)x * x));
            return length == 0 ? mean : [.. mean.Select(x => (float)(x / length))];
        }
    }
}

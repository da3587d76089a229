using Espalier.Cli;
using Espalier.Cli.Commands;
using Espalier.Compression.Runs;
using Espalier.Models.Checkpoints;
using Espalier.Models.Files;

// .NET cannot flush folders: without this a renamed file may be lost with the power.
Durable.SyncFolder = DurableFiles.OnDisk.Layer.SyncFolder;

return Launch.Run(CommandList.All(), args, Terminal.OfProcess());
